/* expect: 3245691 */
function makeRecords(count) {
    const records = [];
    for (let i = 0; i < count; i++) {
        records.push({
            id: i,
            name: 'record ' + i,
            active: i % 3 === 0,
            ratio: i / 7,
            tags: ['alpha', 'beta', 'tag' + (i % 10)],
            nested: { depth: 1, list: [i, i + 1, null, -i], text: 'quote " and \\ slash \u00e9' },
        });
    }
    return records;
}

function roundTrips(records, count) {
    let text = JSON.stringify(records);
    let total = 0;
    for (let i = 0; i < count; i++) {
        const copy = JSON.parse(text);
        copy[i].id += 1;
        text = JSON.stringify(copy);
        total += text.length;
    }
    return total;
}

String(roundTrips(makeRecords(300), 60));
