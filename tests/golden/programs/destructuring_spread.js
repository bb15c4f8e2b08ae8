function main(input) {
    const { n, list: [first, ...rest], missing = 'default', deep: { a: [{ b }] } } = input;
    const [x = 1, , y = x + 1] = [undefined, 2];
    let p = 1, q = 2;
    [p, q] = [q, p];
    const merged = { ...input.deep, n, ...{ n: 8 }, ...'ab', ...null };
    const { a, ...others } = merged;
    const f = (...args) => args.length;
    return [n, first, rest, missing, b, x, y, p, q, others, f(...'héllo', ...[1, 2]), Math.max(...rest)];
}
