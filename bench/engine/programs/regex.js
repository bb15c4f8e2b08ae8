/* expect: 12922564 */
function makeText(lines) {
    const parts = [];
    for (let i = 0; i < lines; i++) {
        parts.push('2026-0' + (1 + i % 9) + '-1' + (i % 10) + ' user' + i + '@example' + (i % 7) +
            '.test GET /path/' + i + '/item?id=' + (i * 37) + '&name=n' + i + ' 200 ' + (i * 13));
    }
    return parts.join('\n');
}

const text = makeText(1500);
let total = 0;
for (let round = 0; round < 4; round++) {
    for (const match of text.matchAll(/(\d{4})-(\d\d)-(\d\d)/g)) {
        total += Number(match[1]) + Number(match[2]) + Number(match[3]);
    }
    for (const match of text.matchAll(/(?<user>[a-z]+\d+)@(?<host>[\w.]+)/g)) {
        total += match.groups.user.length + match.groups.host.length;
    }
    total += text.replace(/[?&](\w+)=([^&\s]*)/g, (all, name, value) => ';' + name + ':' + value).length;
    total += text.split(/\s+/).length;
    total += text.match(/(?:GET|POST) \/(?:\w+\/)*item/g).length;
}
String(total);
