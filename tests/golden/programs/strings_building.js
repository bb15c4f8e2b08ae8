function main() {
    let s = '';
    for (let i = 0; i < 3000; i++) s += String.fromCharCode(97 + i % 26) + (i % 100 === 0 ? 'é' : '');
    let hash = 0;
    for (let i = 0; i < s.length; i++) hash = Math.imul(hash, 31) + s.charCodeAt(i) | 0;
    const parts = s.split('é');
    return [s.length, hash, parts.length, parts.join('').length, s.slice(1000, 1020), s.replaceAll('abc', 'X').length, s === parts.join('é')];
}
