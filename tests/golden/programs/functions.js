function main() {
    function defaults(a, b = a + 1, { c = b * 2, d } = {}, ...rest) { return [a, b, c, d, rest, arguments.length]; }
    const bound = function (x, y) { return [this.v, x, y]; }.bind({ v: 1 }, 2);
    const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
    const memo = ((cache) => (n) => cache[n] ??= n < 2 ? n : memo(n - 1) + memo(n - 2))({});
    return [defaults(1), defaults(1, 2, { d: 4 }, 5, 6), defaults.length, defaults.name, bound(3), bound.name, compose((x) => x + 1, (x) => x * 2)(5), memo(80), (function () { return typeof this; })(), (() => {}).name, (function* () {}).constructor.name,
        [1, 2, 3].map(parseInt), Math.max.apply(null, [1, 5, 2]), new (function () { this.a = 1; })().a, (() => ({}))(), new.target === undefined];
}
