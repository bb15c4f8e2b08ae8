function main() {
    return ['', '{', '[1,]', '{"a":1,}', "{'a':1}", '01', '1.', '.1', '+1', 'NaN', '"\t"', '"\\x"', 'nul', '[1 2]', '{"a" 1}', '"abc', '1 1', '\ufeff1', '{"a":}', '[[[', '// c\n1'].map((text) => {
        try { return JSON.parse(text); } catch (error) { return error.message; } });
}
