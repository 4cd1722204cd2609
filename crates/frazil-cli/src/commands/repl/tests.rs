//! Which command a line is.

use super::line::Line;

#[test]
fn commands() {
    let check = |text, expected| assert_eq!(Line::of(text), expected, "{text}");
    check("", Line::Empty);
    check("  1 + 1 ", Line::Evaluate("1 + 1"));
    check("x = 1", Line::Evaluate("x = 1"));
    check(":p  { }", Line::Print("{ }"));
    check(":t 1", Line::Type("1"));
    check(":doc map", Line::Documentation("map"));
    check(":b x", Line::Build("x"));
    check(":a x", Line::Add("x"));
    check(":l ./x.nix", Line::Load("./x.nix"));
    check(":load ./x y.nix", Line::Load("./x y.nix"));
    check(":t", Line::Bare(":t"));
    check(" :l ", Line::Bare(":l"));
    check(":r", Line::Reload);
    check(":?", Line::Help);
    check(":q", Line::Quit);
    check(":quit", Line::Quit);
    check(":bogus x", Line::Unknown(":bogus"));
}
