/* A hash over the bits of numbers: equal only when every bit is. */
const words = new Uint32Array(2), number = new Float64Array(words.buffer);
let hash = 2166136261;
function mix(value) {
    number[0] = value;
    for (const word of words) {
        hash = Math.imul(hash ^ (word & 0xffff), 16777619);
        hash = Math.imul(hash ^ (word >>> 16), 16777619);
    }
}
function main() {
    const bodies = Array.from({ length: 5 }, (_, i) => ({ x: Math.cos(i), y: Math.sin(i), z: i / 10, vx: 0, vy: i / 5, vz: -i / 7, m: 1 + i }));
    for (let step = 0; step < 200; step++) {
        for (const a of bodies) for (const b of bodies) {
            if (a === b) continue;
            const dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z, d = Math.hypot(dx, dy, dz) + 0.01, f = b.m / (d * d * d) * 0.001;
            a.vx += dx * f; a.vy += dy * f; a.vz += dz * f;
        }
        for (const a of bodies) { a.x += a.vx * 0.001; a.y += a.vy * 0.001; a.z += a.vz * 0.001; }
    }
    for (const a of bodies) { mix(a.x); mix(a.vy); }
    return [hash >>> 0, bodies[0].x];
}
