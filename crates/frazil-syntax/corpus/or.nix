a.or or b or c or or { or = 1; }
