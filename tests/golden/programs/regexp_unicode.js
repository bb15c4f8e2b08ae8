function main() {
    return ['Ünïcödé 数学 مرحبا 😀😃'.match(/\p{L}+/gu), 'ſ K'.match(/[a-z]/giu), /\u{1F600}/u.test('😀'), /^[^x]$/u.test('😀'), /\w/iu.test('ſ'),
        'A1_é'.replace(/\W/g, '?'), /[\p{Emoji}--\d]/v.exec('1😀')[0], /\p{Script=Cyrillic}/u.test('Я'), 'aͅ'.match(/Α/iu), /[^\P{Lu}a-z]/u.exec('xÉ')[0],
        'Straße'.match(/ß/i)?.index, /^\p{RGI_Emoji}$/v.test('👩‍👩‍👧'), '\u2028'.match(/^$/m)?.index ?? null, /\s/.test('\u00a0')];
}
