async function main() {
    const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'));
    return [Array.from({ length: 5 }, () => Math.random()), crypto.sha256('abc'), hex(digest), String(crypto.randomBytes(16)), hex(crypto.getRandomValues(new Uint8Array(12))), crypto.randomUUID()];
}
