//! `frazil image`

mod progress;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use frazil_ops::image::check::{Difference, made_again, read_back};
use frazil_ops::image::output::{Format, stream, write_file, write_root};
use frazil_ops::image::plan::{PlannedLayer, planned, short};
use frazil_ops::image::readers::expect_layout;
use frazil_ops::image::registry::present;
use frazil_ops::image::{
    Image, ImageError, ImageOptions, Scratch, System, digest, layout_has, sbom,
};
use serde_json::{Value, json};

use self::progress::LayerProgress;
pub(super) use self::progress::PushProgress;
use crate::command_error::CommandError;
use crate::commands::linked::SystemArguments;
use crate::commands::registry;
use crate::environment::Environment;
use crate::progress::size;
use crate::screen::{self, Screen, say};

/// As for the option `image.layers.max`: more, and a kernel cannot mount them.
const LAYERS_MAX: usize = 127;
const TAG_BYTES_MAX: usize = 128;
/// The name of an output that is no file.
const STDOUT: &str = "-";

/// Make images of systems
#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    Oci(OciArguments),
    Docker(DockerArguments),
    Tar(TarArguments),
    Plan(PlanArguments),
    Sbom(SbomArguments),
}

/// How layers are made.
#[derive(Debug, Args)]
pub(super) struct Layering {
    /// Compress layers with `gzip`, `zstd` or not at all (`none`) [default: as the system says]
    #[arg(long, value_name = "METHOD")]
    compression: Option<String>,

    /// Make no more layers than this [default: as the system says]
    #[arg(long, value_name = "COUNT", value_parser = layer_count)]
    layers: Option<NonZeroUsize>,

    /// Neither use nor keep layers of other images
    #[arg(long)]
    no_cache: bool,
}

/// A number of layers that engines can lay one over the other.
fn layer_count(text: &str) -> Result<NonZeroUsize, String> {
    let count = text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= LAYERS_MAX);
    count.ok_or_else(|| format!("an image has from 1 to {LAYERS_MAX} layers"))
}

/// What registries take for a tag, as the option `image.tag` does.
fn tag(text: &str) -> Result<String, String> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_tag = text.len() <= TAG_BYTES_MAX
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
    let why = "a tag has letters, digits, `_`, `.` and `-`, the last two not first";
    is_tag.then(|| text.to_owned()).ok_or_else(|| why.to_owned())
}

/// Write an OCI image layout
///
/// A name that ends in `.tar` gets the layout as an archive, any other one a directory, where images
/// with other tags stay.
#[derive(Debug, Args)]
pub(super) struct OciArguments {
    /// Write here; `-` is standard output, which gets an archive
    #[arg(short, long, value_name = "PATH", default_value = "image")]
    output: PathBuf,

    #[command(flatten)]
    write: WriteArguments,
}

/// Write an archive that `docker load` and `podman load` take
#[derive(Debug, Args)]
pub(super) struct DockerArguments {
    /// Write here; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "image.tar")]
    output: PathBuf,

    #[command(flatten)]
    write: WriteArguments,
}

#[derive(Debug, Args)]
struct WriteArguments {
    /// Make all layers twice, read the image back, and name the first difference
    #[arg(long)]
    check: bool,

    /// Print what was written as JSON
    #[arg(long)]
    json: bool,

    /// Give the image this tag [default: as the system says]
    #[arg(long, value_name = "TAG", value_parser = tag)]
    tag: Option<String>,

    #[command(flatten)]
    layers: Layering,

    #[command(flatten)]
    system: SystemArguments,
}

impl WriteArguments {
    fn open(&self, environment: &Environment, screen: Screen) -> Result<System, CommandError> {
        let mut system = self.system.open(environment, screen)?;
        if let Some(tag) = &self.tag {
            system.presentation.tag.clone_from(tag);
        }
        Ok(system)
    }

    fn open_for_stdout(
        &self,
        environment: &Environment,
        screen: Screen,
    ) -> Result<System, CommandError> {
        if self.check || self.json {
            return Err(CommandError::usage("`--check` and `--json` need an image in a file"));
        }
        self.open(environment, screen)
    }
}

/// Write the root of a system as a plain archive
#[derive(Debug, Args)]
pub(super) struct TarArguments {
    /// Write here; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "root.tar")]
    output: PathBuf,

    #[command(flatten)]
    system: SystemArguments,
}

/// Show the layers of an image, and what a push would send
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// An image layout, or a repository of a registry (HOST/REPOSITORY): what it has is not sent
    #[arg(long, value_name = "LAYOUT|REPOSITORY")]
    against: Option<String>,

    /// Print the layers as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    layers: Layering,

    #[command(flatten)]
    system: SystemArguments,
}

/// List the packages of an image for others to read
#[derive(Debug, Args)]
pub(super) struct SbomArguments {
    /// `spdx` (2.3) or `cyclonedx` (1.6), both as JSON
    #[arg(long, value_name = "FORMAT", default_value = "spdx")]
    format: String,

    #[command(flatten)]
    layers: Layering,

    #[command(flatten)]
    system: SystemArguments,
}

pub(super) fn run(
    command: &ImageCommand,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    match command {
        ImageCommand::Oci(arguments) if arguments.output == Path::new(STDOUT) => {
            let system = arguments.write.open_for_stdout(environment, screen)?;
            with_image(&arguments.write.layers, system, environment, |image| {
                send(|out| image.write_to(Format::LayoutArchive, out))
            })
        }
        ImageCommand::Oci(arguments) => {
            let path = environment.absolute(&arguments.output);
            let is_archive = path.extension().is_some_and(|extension| extension == "tar");
            let format = if is_archive { Format::LayoutArchive } else { Format::Layout };
            write(&arguments.write, format, &path, environment, screen)
        }
        ImageCommand::Docker(arguments) if arguments.output == Path::new(STDOUT) => {
            // Nothing is kept on the way: the layers are read twice, once to know their names.
            let system = arguments.write.open_for_stdout(environment, screen)?;
            send(|out| stream(&system, arguments.write.layers.layers, out))
        }
        ImageCommand::Docker(arguments) => {
            let path = environment.absolute(&arguments.output);
            write(&arguments.write, Format::Docker, &path, environment, screen)
        }
        ImageCommand::Tar(arguments) => write_tar(arguments, environment, screen),
        ImageCommand::Plan(arguments) => show_plan(arguments, environment, screen),
        ImageCommand::Sbom(arguments) => print_sbom(arguments, environment, screen),
    }
}

impl Layering {
    /// Encodes the images of systems and gives them to `work`.
    pub(super) fn with_images<R>(
        &self,
        systems: &[System],
        environment: &Environment,
        work: impl FnOnce(&[Image<'_>]) -> Result<R, CommandError>,
    ) -> Result<R, CommandError> {
        let compression = self.compression.as_deref().map(str::parse).transpose();
        let compression = compression.map_err(ImageError::Compression)?;
        let cache = environment.cache_directory().filter(|_| !self.no_cache);
        let scratch = Scratch::new(&environment.temporary_directory())?;
        let options = ImageOptions { compression, layers_max: self.layers, cache };
        let mut images = Vec::new();
        for system in systems {
            let progress = LayerProgress::new();
            let image =
                Image::encode(system, &options, scratch.path(), &|event| progress.tell(event));
            progress.finish();
            images.push(image?);
        }
        work(&images)
    }
}

/// Encodes one image and gives it to `work`.
fn with_image<R>(
    layers: &Layering,
    system: System,
    environment: &Environment,
    work: impl FnOnce(&Image<'_>) -> Result<R, CommandError>,
) -> Result<R, CommandError> {
    layers.with_images(&[system], environment, |images| match images {
        [image, ..] => work(image),
        [] => Err(CommandError::usage("there is no system")),
    })
}

fn write(
    arguments: &WriteArguments,
    format: Format,
    path: &Path,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let system = arguments.open(environment, screen)?;
    with_image(&arguments.layers, system, environment, |image| {
        image.write(format, path)?;
        if arguments.check {
            fail_on(made_again(image)?, "made again")?;
            fail_on(read_back(image, path)?, "read back")?;
        }
        if arguments.json {
            return print_json(&written(image, path));
        }
        let (layers, bytes) = (image.layers().count(), size(image.blob_bytes()));
        say(&format!("{}: {layers} layers, {bytes}\n", path.display()));
        Ok(())
    })
}

/// Writes to standard output. A reader that has gone away has seen enough.
fn send(write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>) -> Result<(), CommandError> {
    match write(&mut std::io::stdout().lock()) {
        Err(error) if error.is_broken_pipe() => Ok(()),
        result => Ok(result?),
    }
}

fn fail_on(difference: Option<Difference>, when: &str) -> Result<(), CommandError> {
    let Some(Difference { layer, what }) = difference else { return Ok(()) };
    let place = if layer == 0 { "the image".to_owned() } else { format!("layer {layer}") };
    Err(CommandError::check_failed(format!("{place} is different when it is {when}: {what}")))
}

fn written(image: &Image<'_>, path: &Path) -> Value {
    json!({
        "path": path.display().to_string(),
        "manifest": digest(image.manifest()),
        "bytes": image.blob_bytes(),
        "layers": planned(image, &|_| false),
    })
}

fn write_tar(
    arguments: &TarArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let system = arguments.system.open(environment, screen)?;
    if arguments.output == Path::new(STDOUT) {
        return send(|out| write_root(&system, out));
    }
    let path = environment.absolute(&arguments.output);
    Ok(write_file(&path, &mut |out| write_root(&system, out))?)
}

fn show_plan(
    arguments: &PlanArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let system = arguments.system.open(environment, screen)?;
    let against = arguments.against.as_deref();
    let layers = with_image(&arguments.layers, system, environment, |image| {
        let Some(against) = against else { return Ok(planned(image, &|_| false)) };
        let Some(reference) = registry::reference_unless_file(against, environment) else {
            let layout = environment.absolute(against.as_ref());
            expect_layout(&layout)?;
            return Ok(planned(image, &|blob| layout_has(&layout, blob)));
        };
        let blobs: Vec<_> = image.layers().map(|(_, layer)| layer.blob).collect();
        let (client, logins) = (registry::client(environment)?, registry::logins(environment));
        let there = present(&reference, &client, &logins, &blobs)?;
        Ok(planned(image, &|blob| there.contains(&blob.reference())))
    })?;
    if arguments.json {
        return print_json(&json!(layers));
    }
    let mut lines = vec![format!("{:>9}  {:>9}  {:>7}\n", "unpacked", "stored", "entries")];
    lines.extend(layers.iter().map(|layer| row(layer, against.is_some())));
    let sum = |bytes: fn(&PlannedLayer) -> u64| size(layers.iter().map(bytes).sum());
    let (unpacked, stored) = (sum(|layer| layer.bytes), sum(|layer| layer.stored_bytes));
    lines.push(format!("{unpacked:>9}  {stored:>9}  in {} layers\n", layers.len()));
    if against.is_some() {
        let missing = layers.iter().filter(|layer| layer.is_missing);
        let missing: u64 = missing.map(|layer| layer.stored_bytes).sum();
        lines.push(format!("a push would send {}\n", size(missing)));
    }
    screen::print(lines.concat().as_bytes())
}

fn row(layer: &PlannedLayer, is_compared: bool) -> String {
    let units = layer.units.iter().map(|unit| short(unit)).collect::<Vec<_>>().join(" ");
    let mark = if is_compared && !layer.is_missing { " (there)" } else { "" };
    let (unpacked, stored) = (size(layer.bytes), size(layer.stored_bytes));
    format!("{unpacked:>9}  {stored:>9}  {:>7}  {units}{mark}\n", layer.entries)
}

fn print_sbom(
    arguments: &SbomArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let encode = match arguments.format.as_str() {
        "spdx" => sbom::spdx,
        "cyclonedx" => sbom::cyclonedx,
        other => {
            return Err(CommandError::Usage {
                message: format!("'{other}' is no format of bills of materials"),
                help: Some("there are `spdx` and `cyclonedx`".to_owned()),
            });
        }
    };
    let system = arguments.system.open(environment, screen)?;
    with_image(&arguments.layers, system, environment, |image| {
        screen::print(&encode(image.inventory()))
    })
}

fn print_json(value: &Value) -> Result<(), CommandError> {
    screen::print(format!("{value}\n").as_bytes())
}
