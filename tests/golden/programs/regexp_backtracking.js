function main() {
    const out = [];
    for (let n = 5; n <= 18; n++) out.push(/^(a+)+$/.test('a'.repeat(n) + 'b'));
    out.push(/(x+x+)+y/.test('x'.repeat(15)), 'aaaa'.match(/(a*)*/)[0].length, /(?:a|ab)(?:c|bcd)(?:d*)/.exec('abcd')[0], /(.*)(\d+)/.exec('abc123').slice(1), /(.*?)(\d+)/.exec('abc123').slice(1));
    return out;
}
