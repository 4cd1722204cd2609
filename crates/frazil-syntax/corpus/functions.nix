{ a, b ? a.c or d, ... }@all: x: y@{ }: f x (y z) or [ a (-1) ]
