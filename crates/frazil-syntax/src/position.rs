//! Byte offsets to lines and columns.

#[cfg(test)]
mod tests;

/// Where the lines of a source begin. A line ends with `\n`, `\r\n` or a lone `\r`.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Looks at every byte once; make it when the first position is asked for.
    pub fn new(source: &[u8]) -> Self {
        let mut starts = vec![0];
        for (index, byte) in source.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => source.get(index + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(index as u32 + 1);
            }
        }
        Self { starts }
    }

    /// Line and column of a byte offset, both from 1 on; columns count bytes.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index));
        (line as u32, offset - start.copied().unwrap_or(0) + 1)
    }
}
