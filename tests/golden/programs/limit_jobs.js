async function main() { for (;;) Promise.resolve().then(() => 1); }
