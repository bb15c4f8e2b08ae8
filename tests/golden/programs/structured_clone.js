function main() {
    const source = { a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), big: 10n, u: undefined, bytes: new Uint8Array([1, 2]) };
    source.self = source;
    const copy = structuredClone(source);
    return [copy !== source, copy.self === copy, copy.a[1].b.getTime(), [...copy.m.get(1)], String(copy.big), 'u' in copy, [...copy.bytes]];
}
