/* expect: 259160018 */
function reverseWords(text) {
    return text.split(' ').map((word) => [...word].reverse().join('')).join(' ');
}

function hash(text) {
    let h = 0;
    for (let i = 0; i < text.length; i++) {
        h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
    }
    return h;
}

let text = '';
for (let i = 0; i < 3000; i++) {
    text += 'word' + i + ' gr\u00fc\u00df ' + String.fromCharCode(97 + i % 26) + ' ';
}
let check = 0;
for (let round = 0; round < 6; round++) {
    const reversed = reverseWords(text);
    check = (check + hash(reversed)) | 0;
    check += text.toUpperCase().indexOf('WORD2999');
    check += text.replaceAll('word', 'term').length;
    let padded = '';
    for (let i = 0; i < 20000; i++) {
        padded += `${i}`.padStart(8, '0').slice(2, 6);
        if (padded.length > 1000) {
            check += padded.lastIndexOf('99');
            padded = padded.substring(900);
        }
    }
    check += padded.length;
}
String(check);
