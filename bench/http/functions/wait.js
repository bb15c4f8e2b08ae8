async function main(input) {
    await new Promise((resolve) => setTimeout(resolve, input.wait));
    return input.value * 2;
}
