function main(i){return i.a}
