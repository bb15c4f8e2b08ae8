/* expect: 0c231c3510744bb8f7958dd66392662efe06476fc1eb1f96558c7c3121d5000b */
const K = new Uint32Array(64);
(function fillConstants() {
    let found = 0;
    for (let n = 2; found < 64; n++) {
        let prime = true;
        for (let d = 2; d * d <= n; d++) {
            if (n % d === 0) {
                prime = false;
                break;
            }
        }
        if (prime) {
            const root = Math.cbrt(n);
            K[found++] = Math.floor((root - Math.floor(root)) * 4294967296);
        }
    }
})();

function rotate(x, n) {
    return (x >>> n) | (x << (32 - n));
}

function compress(state, block, w) {
    for (let i = 0; i < 16; i++) {
        w[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) |
            block[4 * i + 3];
    }
    for (let i = 16; i < 64; i++) {
        const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
        const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

/* SHA-256 of a message of whole blocks. */
function sha256(message) {
    const state = new Uint32Array([
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]);
    const w = new Int32Array(64);
    for (let at = 0; at < message.length; at += 64) {
        compress(state, message.subarray(at, at + 64), w);
    }
    const last = new Uint8Array(64);
    last[0] = 0x80;
    const bits = message.length * 8;
    for (let i = 0; i < 4; i++) {
        last[63 - i] = (bits >>> (8 * i)) & 255;
    }
    compress(state, last, w);
    return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

const message = new Uint8Array(64 * 2560);
for (let i = 0; i < message.length; i++) {
    message[i] = (i * 31 + (i >> 8)) & 255;
}
sha256(message);
