class Shape {
    #name;
    static made = 0;
    static #secret = 'hidden';
    constructor(name) { this.#name = name; Shape.made++; }
    get name() { return this.#name; }
    set name(value) { this.#name = value.toUpperCase(); }
    static reveal() { return Shape.#secret; }
    area() { return 0; }
    toString() { return `${this.#name}:${this.area()}`; }
    static { this.ready = true; }
    static isShape(value) { return #name in value; }
}
class Square extends Shape {
    side = 2;
    constructor(side) { super('square'); this.side = side ?? this.side; }
    area() { return super.area() + this.side ** 2; }
    get [Symbol.toStringTag]() { return 'Square'; }
}
function main() {
    const a = new Square(3), b = new Square();
    a.name = 'renamed';
    let refused = '';
    try { Square(); } catch (error) { refused = error.message; }
    return [String(a), String(b), Shape.made, Shape.reveal(), Shape.ready, Shape.isShape(a), Shape.isShape({}),
        Object.prototype.toString.call(a), a instanceof Shape, Object.getOwnPropertyNames(a), refused];
}
