function main(input) {
    let a = null, b = 0, c;
    a ??= 'set'; b ||= 'or'; c &&= 'and';
    const o = { f() { return this?.x; }, x: 5 };
    let n = 5;
    return [a, b, c ?? 'nullish', input?.deep?.a?.[0]?.b ?? 'none', input.missing?.x.y.z, o.f?.(), o.g?.(), (0, o.f)?.call(o), n++ + ++n, n-- - --n, typeof missing, void 0 ?? 'v', 1 < 2 < 3, 3 > 2 > 1, '5' * '2', '5' + 2, [] + {}, [] == false, null == undefined, null >= 0, NaN !== NaN, 2 ** 3 ** 2, (-2) ** 2,
        !!'' + !!'a', 1 / -0, '10' > '9', 10 > '9', 'b' + 'a' + +'a' + 'a', [1, 2, 3] + '', `${[1, [2, 3]]}`, 5 & 3 | 4 ^ 1, ~~-5.7, -7 >> 1, -7 >>> 28, delete o.x, 'x' in o, new Date(0) instanceof Date].map((v) => v === undefined ? 'undefined' : Object.is(v, -Infinity) ? '-Infinity' : v);
}
