function main() {
    const rows = Array.from({ length: 500 }, (_, i) => ({ id: i, name: 'row ' + i, tags: ['a', 'b', 'c'].slice(i % 3), score: i / 7, ok: i % 2 === 0, nothing: null }));
    const text = JSON.stringify(rows);
    const back = JSON.parse(text);
    return [text.length, back.length, back.reduce((sum, row) => sum + row.score, 0), JSON.stringify(back) === text];
}
