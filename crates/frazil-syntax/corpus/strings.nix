"a\n${b "c" { d = "}"; }}$$${e}\${" + x:y + ''
    one ${two}
  three ''${ ''' $
  ''\t''
