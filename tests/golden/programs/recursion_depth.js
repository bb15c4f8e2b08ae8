function down(n) { try { return down(n + 1); } catch (error) { return [n, error.name, error.message]; } }
function viaNative(n) { try { return [1].map(() => viaNative(n + 1))[0]; } catch (error) { return [n, error.name]; } }
class Deep { get down() { try { return new Deep().down + 1; } catch (error) { return 1; } } }
function main() { return [down(0), viaNative(0), new Deep().down]; }
