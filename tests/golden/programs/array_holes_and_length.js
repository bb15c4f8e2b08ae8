function main() {
    const a = [1, , 3];
    a[10] = 'x';
    const before = [a.length, 1 in a, Object.keys(a).length];
    a.length = 2;
    a.extra = 1;
    const seen = [];
    for (const key in a) seen.push(key);
    a.forEach((v, i) => seen.push(i));
    let refused;
    try { a.length = -1; } catch (error) { refused = error.name; }
    return [before, a, seen, refused, [1, 2].concat([, 3]), JSON.stringify([, undefined, null])];
}
