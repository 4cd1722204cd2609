//! `import` of a `.drv` file: a value from which other derivations can be made.

use frazil_model::ContextElement;

use super::push_output;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::source::Pos;
use crate::value::Value;

/// Makes the value from the outputs, in the language itself.
const IMPORTED: &[u8] = include_bytes!("imported.nix");

impl<'a> Evaluator<'a> {
    /// The value of the derivation at `path`; `None` unless that is a `.drv` file in the store.
    pub(crate) fn imported_derivation(&mut self, path: &[u8]) -> Result<Option<Value<'a>>> {
        let Ok(store_path) = self.options.store_dir.parse(path) else { return Ok(None) };
        if !store_path.is_derivation()
            || !self.host.is_valid(&store_path).map_err(|error| self.host_error(error))?
        {
            return Ok(None);
        }
        let derivation = self.read_derivation(&store_path)?;
        let mut writer = self.cursor.attrs_writer(3 + derivation.outputs.len());
        let full = self.cursor.add_slice(path);
        let drv_path = self.string_under(full, &[ContextElement::DrvDeep(store_path.clone())]);
        writer.push(self.names.drv_path, Pos::NOWHERE, Value::String(drv_path).into());
        let name = derivation.env.get(&b"name"[..]).map_or(&[][..], Vec::as_slice);
        let name = self.cursor.string(name);
        writer.push(self.names.name, Pos::NOWHERE, Value::String(name).into());
        let mut names = self.cursor.list_writer(derivation.outputs.len());
        for output in derivation.outputs.keys() {
            names.push(Value::String(self.cursor.string(output.as_str().as_bytes())).into());
        }
        writer.push(self.names.outputs, Pos::NOWHERE, Value::List(names.finish()).into());
        for (output, content) in derivation.outputs {
            push_output(self, &mut writer, &store_path, output, content.path().cloned())?;
        }
        let set = Value::Attrs(writer.finish(&mut self.cursor));
        let program =
            self.parse_text("«imported-drv.nix»", IMPORTED.to_vec(), std::path::Path::new("/"));
        let program = program.expect("the embedded source is correct: a test evaluates it");
        let function = self.evaluate(program)?;
        self.call(function, &[set.into()]).map(Some)
    }
}
