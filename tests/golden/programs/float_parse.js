function main() {
    return ['1', ' 2 ', '3px', '.5', '5.', '1e3', '1e', '0x1f', '0b101', '0o17', '', ' ', 'Infinity', '-Infinity',
        '1_000', '١', '1e400', '-0', '4.9e-324', '2.4e-324', '9007199254740993', '0.1e-6', '+7']
        .map((text) => [String(Number(text)), String(parseFloat(text)), String(parseInt(text)), String(parseInt(text, 16))]);
}
