function main() {
    const o = { get a() { return 1; }, b: 2, [Symbol('s')]: 3, 2: 'two', 1: 'one' };
    Object.defineProperty(o, 'hidden', { value: 4 });
    Object.freeze(o);
    let refused = [];
    for (const attempt of [() => { 'use strict'; o.b = 3; }, () => { 'use strict'; delete o.b; }, () => { 'use strict'; o.z = 1; }]) {
        try { attempt(); refused.push('no error'); } catch (error) { refused.push(error.name); }
    }
    return [Reflect.ownKeys(o).map(String), Object.entries(o), Object.getOwnPropertyDescriptor(o, 'hidden'), Object.isFrozen(o), refused,
        Reflect.apply(Math.max, null, [1, 3]), Reflect.construct(Date, [0]).getTime(), Object.is(-0, 0), Object.groupBy([1, 2, 3], (v) => v % 2 ? 'odd' : 'even')];
}
