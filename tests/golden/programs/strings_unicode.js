function main(input) {
    const s = 'Grüße 👩‍👩‍👧 ñ é ﬁ İ ß ς Ⅷ';
    return [s.length, [...s].length, s.normalize('NFC').length, s.normalize('NFD').length, s.normalize('NFKC'), s.normalize('NFKD').length, s.toUpperCase(), s.toLowerCase(),
        input.text, [...input.text].reverse().join(''), s.codePointAt(6).toString(16), String.fromCodePoint(0x1f600, 97), '\ud800'.isWellFormed(), 'a\ud800b'.toWellFormed(),
        '\u{1F600}'.split(''), 'straße'.toUpperCase(), 'ΑΣ'.toLowerCase(), encodeURI('ü/😀?'), decodeURIComponent('%F0%9F%98%80'), 'ﬀ' === 'ff'.normalize('NFKC'),
        /\p{Lu}/u.test('É'), s.match(/\p{Script=Greek}/gu), 'İ'.toLowerCase().length];
}
