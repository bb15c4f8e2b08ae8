const tag = (strings, ...values) => strings.raw.map((s, i) => s + (i < values.length ? `<${values[i]}>` : '')).join('');
const same = () => ((s) => s)`a${1}b`;
function main() { return [tag`a${1}b${'x'}\n\u{41}`, same() === same(), ((s) => s[0])`\u{zz}` === undefined, ((s) => Object.isFrozen(s))`x`, `${`nested ${1 + 1}`}`, `line
two`]; }
