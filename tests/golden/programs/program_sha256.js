function sha256(bytes) {
    const k = [], h = [];
    for (let n = 2; k.length < 64; n++) {
        let prime = true;
        for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
        if (!prime) continue;
        if (h.length < 8) h.push((n ** (1 / 2) % 1 * 2 ** 32) | 0);
        k.push((Math.cbrt(n) % 1 * 2 ** 32) | 0);
    }
    const length = bytes.length, words = new Uint32Array(((length + 8 >> 6) + 1) * 16);
    for (let i = 0; i < length; i++) words[i >> 2] |= bytes[i] << 24 - i % 4 * 8;
    words[length >> 2] |= 0x80 << 24 - length % 4 * 8;
    words[words.length - 1] = length * 8;
    const rotr = (x, n) => x >>> n | x << 32 - n, w = new Int32Array(64);
    for (let at = 0; at < words.length; at += 16) {
        let [a, b, c, d, e, f, g, hh] = h;
        for (let i = 0; i < 64; i++) {
            w[i] = i < 16 ? words[at + i] : (w[i - 16] + (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >>> 3) + w[i - 7] + (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >>> 10)) | 0;
            const t1 = (hh + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i]) | 0;
            const t2 = ((rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + (a & b ^ a & c ^ b & c)) | 0;
            [hh, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
        }
        [a, b, c, d, e, f, g, hh].forEach((v, i) => { h[i] = (h[i] + v) | 0; });
    }
    return h.map((v) => (v >>> 0).toString(16).padStart(8, '0')).join('');
}
function main() { return [sha256([97, 98, 99]), sha256(Array(1000).fill(97)), crypto.sha256('abc') === sha256([97, 98, 99])]; }
