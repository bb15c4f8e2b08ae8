class Custom extends Error { constructor(message, options) { super(message, options); this.name = 'Custom'; this.code = 7; } }
function main() {
    const seen = [];
    for (const attempt of [() => null.x, () => undefined(), () => missing, () => 'x'.repeat(-1), () => new Array(-1), () => decodeURIComponent('%'),
        () => BigInt(1.5), () => 1n + 1, () => Symbol() + '', () => JSON.parse('{'), () => new (class { constructor() { this.x.y; } })(), () => { throw new Custom('c', { cause: 'because' }); },
        () => [].reduce((a) => a), () => (void 0).foo.bar, () => Object.defineProperty(Object.freeze({}), 'a', {}), () => 'a'.localeCompare()]) {
        try { seen.push(String(attempt())); } catch (error) { seen.push([error.name, error.message, error.cause, error.code]); }
    }
    return seen;
}
