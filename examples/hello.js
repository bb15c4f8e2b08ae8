function main(input) {
    // Access input values
    const value = input.value;

    // Use provided API
    const apiKey = getSecret('API_KEY');

    // Log securely
    log('Processing input: ' + value);

    // Return result
    return {
        result: value * 2,
        processed: true
    };
}
