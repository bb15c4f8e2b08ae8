function main() {
    const s = Symbol('name'), o = { [s]: 1, [Symbol.toPrimitive]: (hint) => hint === 'number' ? 42 : hint };
    class Even { static [Symbol.hasInstance](n) { return n % 2 === 0; } }
    return [s.toString(), s.description, Symbol.for('k') === Symbol.for('k'), Symbol.keyFor(Symbol.for('k')), +o, `${o}`, o + '', 2 instanceof Even, Object.getOwnPropertySymbols(o).length, JSON.stringify({ [s]: 1 }), [].concat({ length: 1, 0: 'x', [Symbol.isConcatSpreadable]: true }), typeof s, Symbol.iterator.toString()];
}
