function main(input) {
    const sold = input.orders.filter((order) => order.active && order.quantity > 0);
    const lines = sold.map((order) => ({
        id: order.id,
        region: order.region,
        product: order.product.toUpperCase(),
        cents: Math.round(order.quantity * order.price * 100),
    }));
    const regions = {};
    for (const line of lines) {
        const region = regions[line.region] ?? { region: line.region, count: 0, cents: 0 };
        region.count += 1;
        region.cents += line.cents;
        regions[line.region] = region;
    }
    lines.sort((a, b) => b.cents - a.cents || a.id - b.id);
    return {
        count: lines.length,
        cents: lines.reduce((sum, line) => sum + line.cents, 0),
        regions: Object.values(regions).sort((a, b) => (a.region < b.region ? -1 : 1)),
        top: lines.slice(0, 10),
    };
}
