/* expect: 402958900 */
function counter(step) {
    let value = 0;
    return { next: () => (value += step), read: () => value };
}

const compose = (...functions) => (x) => functions.reduce((acc, f) => f(acc), x);

function* naturals(limit) {
    for (let i = 0; i < limit; i++) {
        yield i;
    }
}

let total = 0;
for (let i = 0; i < 12000; i++) {
    const c = counter(i % 7);
    for (let j = 0; j < 20; j++) {
        c.next();
    }
    total += c.read();
}
const pipeline = compose((x) => x + 1, (x) => x * 2, (x) => x - 3, (x) => x % 1000);
for (let i = 0; i < 160000; i++) {
    total += pipeline(i);
}
for (const n of naturals(320000)) {
    total += n & 15;
}
const numbers = Array.from({ length: 2000 }, (_, i) => i);
for (let i = 0; i < 240; i++) {
    total += numbers.filter((n) => (n + i) % 3 === 0).map((n) => n * 2).reduce((a, b) => a + b, 0);
}
String(total);
