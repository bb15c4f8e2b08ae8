function main(input) {
    const lines = input.orders
        .filter((order) => order.active && order.quantity > 0)
        .map((order) => ({
            id: order.id,
            region: order.region,
            product: order.product,
            cents: Math.round(order.quantity * order.price * 100),
        }));
    const regions = {};
    for (const line of lines) {
        const region = regions[line.region] ?? { count: 0, cents: 0, largest: null };
        region.count += 1;
        region.cents += line.cents;
        if (region.largest === null || line.cents > region.largest.cents) {
            region.largest = line;
        }
        regions[line.region] = region;
    }
    return {
        count: lines.length,
        cents: lines.reduce((sum, line) => sum + line.cents, 0),
        regions,
    };
}
