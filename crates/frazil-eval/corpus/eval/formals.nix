({ a, b ? a, c ? b + "${toString a}", ... }@all: [ a b c (all ? d) ]) { a = 1; d = 2; }
