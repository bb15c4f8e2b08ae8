function main() {
    const s = '2024-02-29, 1999-12-31 and not 99-1-1';
    const re = /(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/g;
    return [s.match(re), [...s.matchAll(re)].map((m) => ({ ...m.groups, index: m.index })), s.replace(re, '$<day>.$<month>.$1'), s.replace(/\d+/g, (d) => d * 2),
        /a(?=b)/.exec('ab').index, /(?<!x)y/.test('xy'), /(?<=\$)\d+/.exec('cost $42')[0], /^.$/su.test('😀'), /^.$/s.test('😀'), 'aBc'.split(/b/i), /(a)|(b)/.exec('b'), /\bfoo\b/y.test('foo'),
        'x'.replace(/x/, '$$$&$`'), /[^]/.source, /a/gimsuy.flags].map(String);
}
