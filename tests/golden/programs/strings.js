function main(input) {
    const s = 'The quick brown fox, the lazy dog';
    return [s.at(-1), s.charAt(4), s.charCodeAt(0), s.codePointAt(1), s.indexOf('the'), s.lastIndexOf('o'), s.includes('fox'), s.startsWith('The'), s.endsWith('dog'),
        s.slice(4, 9), s.substring(9, 4), s.split(' '), s.split('', 5), s.toUpperCase(), s.toLowerCase(), s.replace('the', 'a'), s.replaceAll('o', '0'),
        s.padStart(40, '*'), s.padEnd(36, 'ab'), '  x \n'.trim(), 'ab'.repeat(3), s.concat('!', 1), s.search(/b/), [...s].length, 'a-b-c'.split('-', 2),
        'abc' < 'abd', 'a'.localeCompare('b'), `t${1 + 1}${input.n}`, String.raw`\n${1}`, 'x'.codePointAt(5), 'a\tb'.length, encodeURIComponent(input.text), escape?.('ü')];
}
