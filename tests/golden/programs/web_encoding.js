function main(input) {
    const bytes = new TextEncoder().encode(input.text);
    return [[...bytes], new TextDecoder().decode(bytes) === input.text, btoa('abc\xff'), atob('YWJj/w==').length, new TextDecoder().decode(new Uint8Array([0xff, 0x41, 0xe2, 0x82]))];
}
