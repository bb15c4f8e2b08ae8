/* expect: 175681582695379.313 */
class Vector {
    #length = -1;

    constructor(x, y) {
        this.x = x;
        this.y = y;
    }

    add(other) {
        return new Vector(this.x + other.x, this.y + other.y);
    }

    get length() {
        if (this.#length < 0) {
            this.#length = Math.sqrt(this.x * this.x + this.y * this.y);
        }
        return this.#length;
    }
}

class Weighted extends Vector {
    constructor(x, y, weight) {
        super(x, y);
        this.weight = weight;
    }

    get length() {
        return super.length * this.weight;
    }
}

let total = 0;
let sum = new Vector(0, 0);
for (let i = 0; i < 100000; i++) {
    sum = sum.add(i % 3 === 0 ? new Weighted(i, i + 1, 2) : new Vector(i, -i));
    total += sum.length;
}
const table = {};
const counts = new Map();
for (let i = 0; i < 70000; i++) {
    const key = 'k' + (i % 500);
    table[key] = (table[key] || 0) + i;
    counts.set(key, (counts.get(key) ?? 0) + 1);
}
for (const [key, value] of Object.entries(table)) {
    total += value / counts.get(key);
    const copy = { ...table, key };
    total += copy.key.length;
    if (total < 0) {
        delete table[key];
    }
}
total.toFixed(3);
