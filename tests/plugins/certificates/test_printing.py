"""The PDF itself: every script, every length, scanned and read back."""

import logging
import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from pyramid.exceptions import ConfigurationError

from courseplatform.testing import make_app
from plugins.certificates.models import Snapshot
from plugins.certificates.printing import (
    families,
    fingerprint,
    font_folders,
    print_pdf,
    verification_url,
    wording,
)

from .reading import is_said, page_of, read, scan

CODE = "7K2M-XH4Q-9PWD-C3VN-TB6R"
ADDRESS = f"https://courses.test/api/certificates/{CODE}/"
ISSUED_AT = datetime(2026, 5, 5, 23, 59, tzinfo=UTC)

#: script → a student, a course and a teacher in it. All of them are set by the fonts that are installed with us.
SCRIPTS = {
    "latin": ("Zażółć Gęślą-Jaźń", "Introdução à Álgebra; Đại số", "Nguyễn Thị Ánh"),
    "cyrillic": ("Ђорђе Қасымұлы", "Основы алгебры № 1: Ґрунт, Ўзбек", "Наталія Їжакевич"),
    "greek": ("Ἀλέξανδρος Παπαδόπουλος", "Εισαγωγή στην Άλγεβρα", "Μαρία Ωνάση"),
    "arabic": ("محمد عبد الله الشريف", "مقدمة في علوم الحاسوب", "فاطمة الزهراء"),
    "persian": ("گلناز پژمان", "ریاضیات پایه", "ژاله چمنی"),
    "urdu": ("ٹیپو ڈار", "ابتدائی ریاضی", "بے نظیر"),
    "hebrew": ("יוסף בן־דוד", "מבוא למדעי המחשב", "שָׁלוֹם כהן"),
    "devanagari": ("क्षत्रिय प्रियंका शर्मा", "कंप्यूटर विज्ञान का परिचय", "श्री राजेश"),
    "bengali": ("রবীন্দ্রনাথ ঠাকুর", "বাংলা সাহিত্য", "ক্ষিতি মোহন"),
    "gujarati": ("મોહનદાસ ગાંધી", "ગુજરાતી ભાષા", "સરદાર પટેલ"),
    "gurmukhi": ("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "ਪੰਜਾਬੀ ਭਾਸ਼ਾ", "ਹਰਜੀਤ ਕੌਰ"),
    "tamil": ("சுப்பிரமணிய பாரதி", "தமிழ் இலக்கியம்", "லக்ஷ்மி"),
    "telugu": ("శ్రీనివాస్ రావు", "తెలుగు సాహిత్యం", "లక్ష్మి దేవి"),
    "kannada": ("ಬಸವಣ್ಣ ಕುಮಾರ್", "ಕನ್ನಡ ಸಾಹಿತ್ಯ", "ಲಕ್ಷ್ಮಿ"),
    "malayalam": ("ശ്രീകുമാർ മേനോൻ", "മലയാളം ഭാഷ", "ലക്ഷ്മി"),
    "oriya": ("ଶ୍ରୀ ଜଗନ୍ନାଥ", "ଓଡ଼ିଆ ଭାଷା", "କ୍ଷୀରୋଦ"),
    "sinhala": ("සිරිසේන බණ්ඩාර", "සිංහල භාෂාව", "කුමාරි"),
    "thai": ("สมชาย ใจดี", "วิทยาการคอมพิวเตอร์เบื้องต้น", "อาจารย์ น้ำทิพย์"),
    "lao": ("ສົມສັກ ວົງສາ", "ພາສາລາວ", "ນາງ ແກ້ວ"),
    "khmer": ("សុខ ស្រីមុំ", "ភាសាខ្មែរ", "លោក គ្រូ"),
    "burmese": ("အောင်ဆန်း", "မြန်မာဘာသာ", "ဒေါ်ခင်"),
    "armenian": ("Արամ Խաչատրյան", "Հայոց լեզու", "Անահիտ"),
    "georgian": ("შოთა რუსთაველი", "ქართული ენა", "თამარ"),
    "ethiopic": ("አበበ ቢቂላ", "አማርኛ ቋንቋ", "ሙሉ ጌታ"),
    "chinese, simplified": ("王小明", "高等代数与数据分析导论", "李老师"),
    "chinese, traditional": ("陳龍", "臺灣國語與資訊學導論", "林老師"),
    "japanese": ("山田 太郎", "データベース入門とひらがな", "髙橋 花子"),
    "korean": ("김민수", "데이터베이스 입문", "박선생"),
    "pictures": ("Zoë ❤️", "Rust 🦀🚀 ☕️ № 5: ★ ½ ∑ →", "👩🏽\u200d💻"),
    "several": ("Ada 王 محمد", "Машинное обучение (深度学习) — §1 «ελληνικά»", "Zoë हिन्दी"),
}


def words(
    student: str = "Ada Lovelace",
    course: str = "Algebra I",
    teacher: str = "Emmy Noether",
    locale: str = "en",
    address: str = ADDRESS,
) -> dict[str, str]:
    says = Snapshot(student, course, teacher, locale)
    return wording(says, code=CODE, address=address, issued_at=ISSUED_AT)


@pytest.fixture
def emoji_folder(tmp_path: Path) -> str:
    """A folder of one's own fonts, with one in it."""
    shutil.copy(str(files("manimgx_fonts") / "NotoEmoji[wght].ttf"), tmp_path)
    return str(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_set_and_read_back(script: str, caplog: pytest.LogCaptureFixture) -> None:
    texts = SCRIPTS[script]
    said, missing = read(print_pdf(words(*texts), ()))
    for text in texts:
        assert is_said(text, said), (text, said)
    assert missing == 0
    assert "\N{REPLACEMENT CHARACTER}" not in said
    assert caplog.text == ""  # it conforms to its standards, which forbid boxes


def test_it_is_one_landscape_page_of_a4() -> None:
    box = page_of(print_pdf(words(), ())).mediabox
    assert (round(box.width), round(box.height)) == (842, 595)


@pytest.mark.parametrize(
    ("locale", "phrases"),
    [
        ("en", ["CERTIFICATE", "This certifies that", "has successfully completed", "TEACHER", "5 May 2026"]),
        ("ru", ["СЕРТИФИКАТ", "Настоящий сертификат выдан", "ПРЕПОДАВАТЕЛЬ", "5 мая 2026 г."]),
        ("xx", ["CERTIFICATE"]),
    ],
)
def test_it_speaks_the_language_of_the_student(locale: str, phrases: list[str]) -> None:
    pdf = print_pdf(words(locale=locale), ())
    said, _ = read(pdf)
    for phrase in [*phrases, CODE, ADDRESS]:
        assert phrase in said
    catalog = page_of(pdf).pdf.root_object
    assert catalog["/Lang"] == ("ru" if locale == "ru" else "en")


def test_its_qr_code_leads_to_the_verification() -> None:
    assert scan(print_pdf(words(), ())) == [ADDRESS]


def test_a_long_address_still_scans() -> None:
    address = f"https://certificates.faculty.university.example/check/{'long/' * 30}?code={CODE}"
    assert scan(print_pdf(words(address=address), ())) == [address]


LONG = (
    "Maria-Theresia Alexandra Philippa Wolfeschlegelsteinhausenbergerdorff von und zu Hohenlohe-Schillingsfürst",
    "Introduction to the History of the Decline and Fall of the Roman Empire, with Special Regard to the Economy of "
    "the Provinces of Gaul and Britain between the Antonine Plague and the Crisis of the Third",
    "Prof. Dr. Dr. h. c. mult. Hubert Blaine Wolfeschlegelsteinhausenbergerdorff the Elder",
)


@pytest.mark.parametrize(
    "texts",
    [
        LONG,
        ("Щ" * 100 + " " + "W" * 100, "Ж" * 200, "Щ" * 100 + " " + "W" * 100),
        ("م" * 201, "王" * 200, "क्ष" * 67),
        ("a " * 100, "Ю", "Я" + "\u0301" * 150),
    ],
)
def test_whatever_is_long_stays_on_its_one_page(texts: tuple[str, str, str]) -> None:
    pdf = print_pdf(words(*texts), ())
    said, missing = read(pdf)
    assert missing == 0
    assert is_said(texts[0].replace("م", "")[:100], said)
    assert scan(pdf) == [ADDRESS]


def test_long_names_and_titles_are_set_in_full() -> None:
    said, _ = read(print_pdf(words(*LONG), ()))
    for text in LONG:
        assert text in said


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("王小明 高等代数", "SC"),
        ("陳龍 臺灣國語", "TC"),
        ("山田 データベース", "JP"),
        ("金大中 김대중", "KR"),
        ("髙﨑 㐂 Ada", "SC"),
        ("Ada Lovelace", "SC"),
    ],
)
def test_shared_characters_are_written_as_their_region_does(text: str, region: str) -> None:
    assert f"Noto Sans CJK {region}" in families(text, ())


def test_characters_that_no_font_has_are_boxes_and_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        pdf = print_pdf(words("བོད་ཡིག"), ())
    said, missing = read(pdf)
    assert missing > 0
    assert "Algebra I" in said
    assert scan(pdf) == [ADDRESS]
    assert "docs/operations.md" in caplog.text
    assert "བོད" not in caplog.text


#: Found by throwing letters of fifteen scripts at it: Typst 0.15.2 slices a text in the middle of a letter, and panics.
CRASHES_TYPST = (
    "\u0db1\u0aa5\u0be4\u0bf1\u0c95\u08a6\u0862\u0b3b\u0d08\u0ad7\u0d15\u0982\u0bf3\u0893\u0cb0\u0ca2"
    "\u0782\u0d61\u0be4\u0989\u0ccb\u09d8\u0ca9\u0a2f\u0824\u0626\u0bd9\u0bb8\u0ca9\u0d04\u06bd\u0738"
    "\u0989\u07d1\u0b81\u0b43\u062f\u067f\u078e\u086a\u0871\u0a75\u0b35\u0640\u066d\u0892\u0976\u0db5"
    "\u0752\u082a\u0a2e\u0cf3\u074d\u0a99\u0aa8\u0ae8\u0c31\u0713\u070d\u0c47\u0d00\u090e\u0d24\u0ba8"
    "\u07ba\u07fa\u0aee\u0dbb\u0a91\u0bd2\u0ade\u0b42\u0b20\u07fc\u0963\u0cec\u09f3"
)


def test_a_text_that_crashes_typst_is_boxes_and_not_the_end_of_the_process(caplog: pytest.LogCaptureFixture) -> None:
    said, _ = read(print_pdf(words("Ada Lovelace", f"Algebra {CRASHES_TYPST}"), ()))
    assert "Ada Lovelace" in said
    assert "Algebra" in said
    assert "docs/operations.md" in caplog.text


def test_characters_that_only_steer_are_left_out_and_joiners_stay() -> None:
    said = words("Ada\u202e\u2066 Love\u00adlace\ufeff\x07", "क्\u200dष می\u200cخواهم", "Emmy\u2028Noether\ue000")
    assert (said["student"], said["teacher"]) == ("Ada Lovelace", "Emmy Noether")
    assert said["course"] == "क्\u200dष می\u200cخواهم"


@pytest.mark.parametrize("text", ['#panic("x")', "*b* _i_ $x$ @y <z> \\u{41} // c", '"', "]", "\x7f\u202e\u2028\ufffe"])
def test_what_people_type_is_never_markup(text: str) -> None:
    said, _ = read(print_pdf(words(text, text, text), ()))
    assert is_said("".join(c for c in text if c.isprintable()), said)


def test_the_same_texts_make_the_same_bytes() -> None:
    assert print_pdf(words(), ()) == print_pdf(words(), ())


def test_it_says_of_itself_what_it_is_and_nothing_more() -> None:
    reader = page_of(print_pdf(words(), ())).pdf
    assert reader.metadata is not None
    assert reader.metadata.title == "Certificate · Ada Lovelace · Algebra I"
    assert reader.metadata.creation_date == ISSUED_AT
    assert set(reader.metadata) == {"/Title", "/Creator", "/CreationDate", "/ModDate"}
    xmp = reader.xmp_metadata
    assert xmp is not None
    assert b"pdfaid" in xmp.stream.get_data() and b"pdfuaid" in xmp.stream.get_data()


def test_the_fingerprint_changes_with_all_that_changes_the_pdf(emoji_folder: str) -> None:
    prints = [
        fingerprint(words(), ()),
        fingerprint(words("Ada King"), ()),
        fingerprint(words(locale="ru"), ()),
        fingerprint(words(address=ADDRESS + "x"), ()),
        fingerprint({**words(), "issued_at": "2026-05-06T00:00:00+00:00"}, ()),
        fingerprint(words(), (emoji_folder,)),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(words(), ()) == prints[0]


# Settings


def test_fonts_of_ones_own_come_before_those_for_all_scripts(emoji_folder: str) -> None:
    def sets_in_emoji(text: str, *font_paths: str) -> bool:
        faces = page_of(print_pdf(words(text), font_paths))["/Resources"]["/Font"].values()
        return any("NotoEmoji" in face["/BaseFont"] for face in faces)

    assert not sets_in_emoji("☂")
    assert sets_in_emoji("☂", emoji_folder)
    assert not sets_in_emoji("Ada 1", emoji_folder)


@pytest.mark.parametrize("raw", ["https://app.example/c/{code}", "{base_url}/check?code={code}"])
def test_an_address_of_a_front_end_takes_the_code(raw: str) -> None:
    assert verification_url(raw) == raw


@pytest.mark.parametrize(
    "raw", ["https://app.example/", "{code}", "ftp://app.example/{code}", "https://{host}/{code}", "{0}"]
)
def test_an_address_without_the_code_or_a_scheme_is_a_fault(raw: str) -> None:
    with pytest.raises(ValueError):
        verification_url(raw)


def test_a_folder_that_is_not_there_is_a_fault_at_start_up(tmp_path: Path) -> None:
    assert font_folders(f"{tmp_path}\n{tmp_path}") == (str(tmp_path), str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"certificates\.font_paths"):
        make_app("postgresql://nobody@127.0.0.1:1/nowhere", tmp_path, **{"certificates.font_paths": "/no/such/folder"})
