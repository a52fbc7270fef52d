//! What pictures hold, judged by structure: texts, groups, counts; never by taste.

use ndarray::Array2;
use resvg::usvg::roxmltree::Document;
use resvg::usvg::roxmltree::Node;

use super::*;
use crate::plot::Faded;
use crate::plot::GroundPoints;
use crate::plot::Style;
use crate::plot::options::LabelsOnMap;
use crate::plot::pdf;
use crate::plot::png;

pub(super) const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"]]>",
    "=cmd|' /C calc'!A0",
    "</text><script>",
    "\" onload=\"alert(1)",
    "\u{0}\u{1b}[31m\u{fffe}",
    "😀 👩‍🔬",
    "עברית العربية \u{202e}abc",
    "",
];

struct Data {
    points: Array2<f32>,
    ids: Vec<String>,
    levels: Vec<String>,
    of_row: Vec<Option<u32>>,
}

/// Points on a spiral, in as many classes, every seventh of them missing.
fn data(rows: usize, classes: usize) -> Data {
    let points = Array2::from_shape_fn((rows, 2), |(row, axis)| {
        let turn = row as f32 * 0.37;
        turn.sqrt() * if axis == 0 { turn.cos() } else { turn.sin() }
    });
    let of_row = |row: usize| if row % 7 == 3 { None } else { u32::try_from(row % classes).ok() };
    Data {
        points,
        ids: (0..rows).map(|row| format!("row-{row}")).collect(),
        levels: (0..classes).map(|class| format!("class {class}")).collect(),
        of_row: (0..rows).map(of_row).collect(),
    }
}

impl Data {
    fn scatter(&self) -> Scatter<'_> {
        Scatter {
            title: "genes".into(),
            caption: "what it is".into(),
            points: self.points.view(),
            ids: &self.ids,
            color: Color::Classes { name: "cell_type", levels: &self.levels, of_row: &self.of_row },
            faded: None,
            ground: None,
            style: Style::default(),
        }
    }
}

pub(super) fn groups<'a>(document: &'a Document<'a>, class: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
}

pub(super) fn circles(node: Node<'_, '_>) -> usize {
    node.descendants().filter(|node| node.has_tag_name("circle")).count()
}

pub(super) fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(str::to_owned)).collect()
}

/// A document of ours: well-formed, and with nothing in it that could run or load.
pub(super) fn checked(svg: &str) -> Document<'_> {
    let document = Document::parse(svg).unwrap();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(["svg", "g", "rect", "circle", "line", "path", "text", "title", "image"].contains(&name), "<{name}>");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            assert!(attribute.name() != "href" || attribute.value().starts_with("data:image/png;base64,"));
        }
    }
    document
}

#[test]
fn every_point_is_drawn_once_in_its_class_with_its_id() {
    let data = data(400, 9);
    let svg = scatter(&data.scatter()).unwrap();
    let document = checked(&svg);
    assert_eq!(groups(&document, "class").len(), 9);
    let of_class = |class: u32| data.of_row.iter().filter(|row| **row == Some(class)).count();
    for group in groups(&document, "class") {
        let class: u32 = group.attribute("data-label").unwrap().trim_start_matches("class ").parse().unwrap();
        assert_eq!(circles(group), of_class(class));
    }
    let missing = data.of_row.iter().filter(|row| row.is_none()).count();
    assert_eq!(circles(groups(&document, "missing")[0]), missing);
    let titles: Vec<&str> =
        document.descendants().filter(|node| node.has_tag_name("title")).filter_map(|n| n.text()).collect();
    assert_eq!(titles.len(), 400);
    assert!(titles.contains(&"row-0 · class 0"), "{:?}", &titles[..3]);
    let texts = texts(&document);
    for word in ["genes", "cell_type", "class 8", "missing"] {
        assert!(texts.iter().any(|text| text == word), "{word} of {texts:?}");
    }
    assert!(texts.contains(&missing.to_string()), "the legend counts");
}

#[test]
fn hostile_words_stay_words_everywhere() {
    let mut data = data(90, HOSTILE.len());
    data.levels = HOSTILE.map(str::to_owned).to_vec();
    data.levels.push("long ".repeat(60));
    data.ids = (0..90).map(|row| HOSTILE[row % HOSTILE.len()].to_owned()).collect();
    data.of_row[0] = Some(9);
    for name in HOSTILE {
        let mut map = data.scatter();
        map.title = name.repeat(9);
        map.caption = name.repeat(90);
        map.color = Color::Classes { name, levels: &data.levels, of_row: &data.of_row };
        map.style.labels_on_map = LabelsOnMap::Yes;
        let svg = scatter(&map).unwrap();
        checked(&svg);
        png::render(&svg, 0.5).unwrap();
        let svg = sheet(&[map.clone(), map]).unwrap();
        checked(&svg);
    }
    let svg = scatter(&data.scatter()).unwrap();
    let texts = texts(&checked(&svg));
    assert!(texts.iter().any(|text| text == HOSTILE[0]), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("long") && text.ends_with('…')));
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    for rows in [300, 21_000] {
        let data = data(rows, 12);
        assert!(scatter(&data.scatter()).unwrap() == scatter(&data.scatter()).unwrap());
    }
}

#[test]
fn many_points_become_one_small_image_and_words_stay_words() {
    let data = data(70_000, 10);
    let svg = scatter(&data.scatter()).unwrap();
    assert!(svg.len() < 2_000_000, "{} bytes", svg.len());
    let document = checked(&svg);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("image")).count(), 1);
    assert!(circles(groups(&document, "points")[0]) == 0);
    assert!(texts(&document).iter().any(|text| text == "class 9"));
}

#[test]
fn legends_hold_forty_classes_and_sum_up_the_rest() {
    let shown = |classes: usize| {
        let data = data(4_200, classes);
        let svg = scatter(&data.scatter()).unwrap();
        let texts = texts(&checked(&svg));
        let named = (0..classes).filter(|class| texts.contains(&format!("class {class}"))).count();
        (named, texts.iter().any(|text| text.starts_with("… and ")))
    };
    assert_eq!(shown(40), (40, false));
    assert_eq!(shown(1_000), (39, true));
}

#[test]
fn numbers_have_a_bar_and_missing_ones_lie_behind() {
    let data = data(200, 3);
    let mut values: Vec<f64> = (0..200).map(f64::from).collect();
    values[5] = f64::NAN;
    let mut map = data.scatter();
    map.color = Color::Numbers { name: "CD3E", values: &values };
    let svg = scatter(&map).unwrap();
    let document = checked(&svg);
    assert_eq!(groups(&document, "bar").len(), 1);
    assert_eq!((circles(groups(&document, "missing")[0]), circles(groups(&document, "values")[0])), (1, 199));
    assert!(svg.find("class=\"missing\"").unwrap() < svg.find("class=\"values\"").unwrap());
    assert!(texts(&document).iter().any(|text| text == "150"));
}

#[test]
fn unreliable_points_are_hollow_and_counted() {
    let data = data(100, 3);
    let reliability: Vec<f32> = (0..100_u8).map(|row| f32::from(row) / 100.0).collect();
    let mut map = data.scatter();
    map.faded = Some(Faded { reliability: &reliability, threshold: 0.2, name: "unreliable place" });
    let svg = scatter(&map).unwrap();
    let document = checked(&svg);
    let points = groups(&document, "points")[0];
    let hollow = points.descendants().filter(|node| node.attribute("fill") == Some("none")).count();
    assert_eq!(hollow, 20);
    assert!(texts(&document).iter().any(|text| text == "unreliable place (hollow)"));
}

#[test]
fn points_of_the_ground_are_below_all_others_and_have_neither_color_nor_class() {
    let data = data(100, 3);
    let mut map = data.scatter();
    map.ground = Some(GroundPoints { count: 60, name: "rows of the run", others: "placed rows" });
    let svg = scatter(&map).unwrap();
    let document = checked(&svg);
    let points = groups(&document, "points")[0];
    let first = points.children().find(Node::is_element).unwrap();
    assert_eq!((first.attribute("class"), circles(first)), (Some("ground"), 60));
    assert_eq!(circles(points), 100);
    let said = texts(&document);
    assert!(said.iter().any(|text| text == "rows of the run") && said.iter().any(|text| text == "60"));
    assert!(!said.iter().any(|text| text == "placed rows"), "classes have names of their own");
    map.color = Color::None;
    let alike = scatter(&map).unwrap();
    assert!(texts(&checked(&alike)).iter().any(|text| text == "placed rows"));
    map.style.points = Points::Raster;
    assert!(texts(&checked(&scatter(&map).unwrap())).iter().any(|text| text == "rows of the run"));
}

#[test]
fn few_points_in_front_of_many_are_large_and_stay_circles() {
    let data = data(21_000, 3);
    let mut map = data.scatter();
    map.ground = Some(GroundPoints { count: 20_900, name: "rows of the run", others: "placed rows" });
    let svg = scatter(&map).unwrap();
    let document = checked(&svg);
    let points = groups(&document, "points")[0];
    assert_eq!(points.descendants().filter(|node| node.has_tag_name("image")).count(), 1);
    assert_eq!(circles(points), 100);
    let radius = |node: Node<'_, '_>| node.attribute("r").and_then(|radius| radius.parse::<f64>().ok());
    assert!(points.descendants().filter_map(radius).all(|radius| radius > 3.0));
}

#[test]
fn a_sheet_has_a_panel_for_each_map() {
    let data = data(100, 3);
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let named = |name| Scatter { color: Color::Numbers { name, values: &values }, ..data.scatter() };
    let svg = sheet(&[named("CD3E"), named("MS4A1"), data.scatter()]).unwrap();
    let document = checked(&svg);
    assert_eq!(groups(&document, "panel").len(), 3);
    let texts = texts(&document);
    for word in ["CD3E", "MS4A1", "cell_type", "genes"] {
        assert_eq!(texts.iter().filter(|text| *text == word).count(), 1, "{word}");
    }
}

#[test]
fn odd_maps_are_drawn_or_refused() {
    let one = data(1, 1);
    checked(&scatter(&one.scatter()).unwrap());
    let mut same = data(50, 2);
    same.points.fill(3.0);
    checked(&scatter(&same.scatter()).unwrap());
    same.points.fill(f32::MAX);
    same.points[[0, 0]] = f32::MIN;
    checked(&scatter(&same.scatter()).unwrap());
    same.points[[7, 1]] = f32::NAN;
    assert!(matches!(scatter(&same.scatter()), Err(PlotError::NonFinitePoint { row: 7 })));
    let mut none = data(1, 1);
    none.points = Array2::zeros((0, 2));
    none.ids.clear();
    none.of_row.clear();
    assert!(matches!(scatter(&none.scatter()), Err(PlotError::NoPoints)));
    assert!(sheet(&[]).is_err());
}

#[test]
fn pictures_render_as_png_and_pdf_the_same_every_time() {
    let data = data(60, 4);
    let svg = scatter(&data.scatter()).unwrap();
    let image = png::render(&svg, 1.0).unwrap();
    assert!(image == png::render(&svg, 1.0).unwrap());
    assert_eq!(&image[1..4], b"PNG");
    let page = pdf::render(&svg).unwrap();
    for _ in 0..5 {
        assert!(page == pdf::render(&svg).unwrap());
    }
    assert_eq!(&page[..5], b"%PDF-");
    assert!(png::render("no svg", 1.0).is_err() && png::render(&svg, 1e6).is_err());
}

#[test]
fn names_keep_away_from_classes_of_few_points() {
    let mut few = data(9, 1);
    few.of_row.fill(Some(0));
    few.levels = vec!["a name".into()];
    let mut map = few.scatter();
    map.style.labels_on_map = LabelsOnMap::Yes;
    let svg = scatter(&map).unwrap();
    let document = checked(&svg);
    let number = |node: &Node<'_, '_>, name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
    let name = groups(&document, "names")[0].descendants().find(|node| node.has_tag_name("text")).unwrap();
    let (x, y) = (number(&name, "x"), number(&name, "y") - 4.7);
    let half = text::width("a name", 13.0, Weight::Bold) / 2.0;
    for circle in groups(&document, "points")[0].descendants().filter(|node| node.has_tag_name("circle")) {
        let under = (number(&circle, "cx") - x).abs() < half && (number(&circle, "cy") - y).abs() < 5.0;
        assert!(!under, "a point lies under the name");
    }
}
