function parse(text) {
    let at = 0;
    const tokens = text.match(/\d+(?:\.\d+)?|[-+*\/^()]/g);
    const peek = () => tokens[at], next = () => tokens[at++];
    function primary() { const t = next(); if (t === '(') { const v = sum(); if (next() !== ')') throw new SyntaxError('expected )'); return v; } if (t === '-') return -primary(); if (t === undefined || !/\d/.test(t)) throw new SyntaxError('unexpected ' + t); return Number(t); }
    function power() { const base = primary(); return peek() === '^' ? (next(), base ** power()) : base; }
    function product() { let v = power(); while (peek() === '*' || peek() === '/') v = next() === '*' ? v * power() : v / power(); return v; }
    function sum() { let v = product(); while (peek() === '+' || peek() === '-') v = next() === '+' ? v + product() : v - product(); return v; }
    const value = sum();
    if (at < tokens.length) throw new SyntaxError('trailing ' + peek());
    return value;
}
function main() { return ['1+2*3', '(1+2)*3', '2^3^2', '-2^2', '10/4-1', '1+', '(1', '1 2'].map((t) => { try { return parse(t); } catch (e) { return e.message; } }); }
