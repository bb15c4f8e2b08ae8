function main() {
    const base = { get full() { return this.first + ' ' + this.last; }, set full(v) { [this.first, this.last] = v.split(' '); }, hello() { return 'base ' + this.first; } };
    const child = Object.create(base, { first: { value: 'A', writable: true, enumerable: true }, last: { value: 'B', writable: true } });
    child.full = 'C D';
    const leaf = { __proto__: child, hello() { return 'leaf ' + super.hello(); } };
    const seen = [];
    for (const key in leaf) seen.push(key);
    return [child.full, leaf.hello(), Object.keys(child), seen, base.isPrototypeOf(leaf), leaf.hasOwnProperty('first'), Object.hasOwn(leaf, 'hello'), 'full' in leaf];
}
