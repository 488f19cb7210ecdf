"""Who and what there is in the demo world."""

from typing import NamedTuple

PASSWORD = "learn-something-new"  # noqa: S105 - printed on purpose; the demo is for development only


class Person(NamedTuple):
    username: str
    first_name: str
    last_name: str


class Outline(NamedTuple):
    title: str
    description: str
    lessons: tuple[str, ...]
    task: str


ADMIN = Person("olga.admin", "Ольга", "Волкова")
TEACHERS = (
    Person("anna.petrova", "Анна", "Петрова"),
    Person("john.miller", "John", "Miller"),
    Person("maria.smirnova", "Мария", "Смирнова"),
)
FIRST_NAMES = (
    ("ivan", "Иван"), ("emma", "Emma"), ("dmitri", "Дмитрий"), ("lucas", "Lucas"), ("ekaterina", "Екатерина"),
    ("sofia", "Sofia"), ("pavel", "Павел"), ("noah", "Noah"),
)  # fmt: skip
LAST_NAMES = (
    ("sokolov", "Соколов"), ("novak", "Novak"), ("lebedev", "Лебедев"), ("garcia", "Garcia"), ("kim", "Kim"),
)  # fmt: skip
STUDENTS = tuple(
    Person(f"{first}.{last}", first_name, last_name)
    for last, last_name in LAST_NAMES
    for first, first_name in FIRST_NAMES
)

OUTLINES = (
    Outline(
        "Алгебра для начинающих",
        "Числа, выражения и уравнения: с нуля и без спешки.",
        ("Натуральные числа", "Выражения и переменные", "Линейные уравнения", "Системы уравнений"),
        "Решите задачи к уроку и объясните ход решения.",
    ),
    Outline(
        "Introduction to Python",
        "Small programs that do something useful, from the first line.",
        ("Values and names", "Loops", "Functions", "Files", "Your own project"),
        "Write the program described in the lesson and say how you tested it.",
    ),
    Outline(
        "История русской литературы",
        "От летописей до Серебряного века: читаем, сравниваем, спорим.",
        ("Летописи", "Золотой век", "Большой роман", "Серебряный век"),
        "Напишите эссе на одну страницу по прочитанному.",
    ),
    Outline(
        "Statistics without Fear",
        "What a number can tell, and what it can't.",
        ("Looking at data", "Averages and spread", "Chance", "Samples and surveys"),
        "Analyse the data set of the lesson and state one honest conclusion.",
    ),
    Outline(
        "Английский для путешествий",
        "Сто фраз, с которыми не пропадёшь.",
        ("В аэропорту", "В гостинице", "В ресторане"),
        "Составьте диалог из десяти реплик.",
    ),
    Outline(
        "Accessible Web Pages",
        "Pages that everybody can use, and why that makes them better for all.",
        ("Structure", "Keyboard", "Colour and contrast", "Testing with people"),
        "Audit one page and list the three most useful improvements.",
    ),
)
ANSWERS = (
    "Here is my solution, with the steps in between.",
    "Решение во вложенных шагах: сначала упростила, потом подставила.",
    "I tried two ways; the second one is shorter and I can explain it.",
    "Ответ получился, но в последнем шаге я не уверен.",
)
FEEDBACK = ("Well argued.", "Хорошая работа, проверьте последний шаг.", "Correct, and clearly written.", "Почти!")
QUESTIONS = ("Could you explain the second step again?", "А где можно почитать подробнее?", "The video helped a lot.")
ANSWERED = ("Look at the example at the end of the lesson.", "Добавила ссылку в материалы.")
REVIEWS = (
    (5, "Понятно и по делу. Спасибо!"),
    (5, "The best course I have taken this year."),
    (4, "Good pace, more exercises would be nice."),
    (3, "Интересно, но быстро."),
)
