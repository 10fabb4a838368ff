import Basics
import Store

/// A figure that reports have: how it is headed, what it is, and what it means.
struct ReportFigureWords: Sendable {
  let key: String
  let kind: ReportColumn.Kind
  let header: Bilingual
  let meaning: Bilingual
  /// Whether a sum over the rows means anything.
  let isSummed: Bool
}

/// All figures of all reports: the one list that columns, workbooks and the documentation read.
enum ReportFigures {
  static func find(_ key: String) -> ReportFigureWords? { byKey[key] }

  private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

  static let all: [ReportFigureWords] = texts + days + counts + amounts

  /// Makes a figure of a kind: key, header and meaning, each first in Ukrainian.
  private typealias Making =
    @Sendable (String, String, String, String, String) -> ReportFigureWords

  private static func making(_ kind: ReportColumn.Kind, isSummed: Bool = false) -> Making {
    { key, uk, en, ukMeaning, enMeaning in
      ReportFigureWords(
        key: key, kind: kind, header: Bilingual(uk: uk, en: en),
        meaning: Bilingual(uk: ukMeaning, en: enMeaning), isSummed: isSummed)
    }
  }

  private static let text = making(.text)
  private static let date = making(.date)
  private static let moment = making(.moment)
  private static let count = making(.count, isSummed: true)
  /// A number that is not added up.
  private static let number = making(.count)
  private static let money = making(.money, isSummed: true)

  private static let texts = [
    text(
      "operator", "Код", "Code", "Код перевізника в мережі (agency_id).",
      "The operator's code in the network (agency_id)."),
    text(
      "operator_name", "Перевізник", "Operator", "Назва перевізника.", "The operator's name."),
    text("mode", "Вид", "Mode", "Вид транспорту.", "Mode of transport."),
    text(
      "category", "Категорія", "Category",
      "Категорія пасажира; у звірці з еквайром — з чим збігся рядок.",
      "The rider's category; with the acquirer: what a line was matched to."),
    text("product", "Продукт", "Product", "Квиток або абонемент.", "The ticket or pass."),
    text("currency", "Валюта", "Currency", "Код валюти.", "The currency's code."),
    text("device", "Валідатор", "Validator", "Код валідатора.", "The validator's id."),
    text("state", "Стан", "State", "Стан запису.", "Where it stands."),
    text("vehicle", "Машина", "Vehicle", "Бортовий номер.", "The vehicle's number."),
    text(
      "vehicles", "Машини", "Vehicles", "Де валідатор був у ці дні.",
      "Where the validator was on the days."),
    text(
      "age_days", "Днів", "Days", "Скільки днів тому відмовив банк.",
      "Days since the bank declined."),
    text("window", "Вікно", "Window", "Номер вікна оплати.", "Number of the charge window."),
    text(
      "decline_code", "Відмова", "Decline", "Слово, яким відмовив банк.",
      "The word with which the bank declined."),
    text("claim", "Заявка", "Claim", "Номер заявки на компенсацію.", "Number of the claim."),
    text("refund_id", "Повернення", "Refund", "Номер повернення.", "Number of the refund."),
    text("cause", "Причина", "Cause", "Чому повернуто.", "Why it is given back."),
    text("account", "Рахунок", "Account", "Рахунок плану рахунків.", "Account of the chart."),
    text("case", "Справа", "Case", "Номер справи еквайра.", "The acquirer's case number."),
    text("stage", "Етап", "Stage", "Етап спору.", "How far the dispute is."),
    text("reason", "Підстава", "Reason", "Підстава спору.", "Ground of the dispute."),
    text("step", "Крок", "Step", "Крок на шляху від валідації до банку.", "Step from tap to bank."),
    text(
      "why", "Залишок", "Remainder", "Чому далі не пішло.", "Why it went no further."),
    text(
      "reference", "Запис", "Reference", "Валідація, пасажир або вікно.",
      "The tap, rider or window."),
    text(
      "debt", "Вид боргу", "Kind of debt", "Чому не сплачено.", "Why it is not paid."),
    text("rider", "Пасажир", "Rider", "Номер пасажира.", "The rider's number."),
    text(
      "kind", "Вид рядка", "Kind", "Про що рядок еквайра.", "What the acquirer's line is about."),
  ]

  private static let days = [
    date(
      "fare_day", "День", "Day", "Тарифна доба поїздок.", "The fare day of the rides."),
    date(
      "accounting_date", "Дата обліку", "Accounting date", "День, яким записано в книги.",
      "The day on which it counts in the books."),
    date(
      "since", "Відколи", "Since",
      "Тарифна доба неоплачених поїздок або день, коли залишок став нижчим за нуль.",
      "The fare day of the rides that are not paid, or the day on which the balance went below nothing."
    ),
    date("first_day", "Від", "From", "Перший день заявки.", "First day of the claim."),
    date("last_day", "До", "To", "Останній день заявки.", "Last day of the claim."),
    moment(
      "last_received_at", "Отримано", "Received", "Коли востаннє щось надійшло.",
      "When something was last received."),
    moment("declined_at", "Відмовлено", "Declined", "Перша відмова банку.", "First decline."),
    moment("created_at", "Створено", "Created", "Коли створено.", "When it was made."),
    moment("paid_at", "Виплачено", "Paid", "Коли виплачено.", "When it was paid."),
    moment("opened_at", "Відкрито", "Opened", "Коли відкрито спір.", "When the dispute began."),
    moment("decided_at", "Вирішено", "Decided", "Коли вирішено спір.", "When it was decided."),
  ]

  private static let counts = [
    count("rides", "Поїздок", "Rides", "Поїздки, що чинні.", "Rides that stand."),
    count(
      "people", "Пасажирів", "People", "Люди в поїздках: валідація може бути за кількох.",
      "People on them: a tap may stand for several."),
    count(
      "free_rides", "Безплатних", "Free", "Поїздки, за які не взято нічого.",
      "Rides charged nothing."),
    count(
      "reduced_rides", "Зі знижкою", "Reduced", "Поїздки, за які взято менше за номінал.",
      "Rides charged less than their nominal price."),
    count(
      "unknown_rides", "Без ціни", "No fare", "Поїздки, ціна яких невідома; у сумах їх немає.",
      "Rides whose fare is not known; they are in no sum of money."),
    count("taps", "Валідацій", "Taps", "Прийняті до журналу валідації.", "Taps in the journal."),
    count("accepted", "Дозволено", "Accepted", "З них із дозволом на проїзд.", "Those let on."),
    number(
      "latest_hours", "Спізнення, год", "Latest, h", "Найбільше спізнення, годин.",
      "Longest time from tap to arrival, hours."),
    count("duplicates", "Повторів", "Duplicates", "Надіслано ще раз.", "Sent again."),
    count(
      "conflicts", "Розбіжностей", "Conflicts", "Той самий номер з іншим змістом.",
      "The same number with other content."),
    count("quarantined", "У карантині", "Quarantined", "Неможливі.", "Impossible ones."),
    count(
      "missing_numbers", "Бракує", "Missing", "Номери, що не надійшли.",
      "Numbers that never came."),
    count("windows", "Вікон", "Windows", "Вікна оплати.", "Charge windows."),
    number(
      "tries", "Спроб", "Tries", "Спроби після відмови.", "Tries since the decline."),
    count("owing_riders", "Боржників", "Owing", "Пасажири з боргом.", "Riders who owe."),
    count("entries", "Проводок", "Entries", "Записи в книгах.", "Entries in the books."),
    count("records", "Рядків", "Lines", "Рядки файлів еквайра.", "Lines of the acquirer's files."),
    number(
      "counted", "Кількість", "Count", "Скільки дійшло до кроку.", "How many reached the step."),
  ]

  private static let amounts = [
    money(
      "charged_minor", "До сплати", "Charged", "Скільки винні пасажири за ці поїздки.",
      "What riders owe for the rides."),
    money(
      "nominal_minor", "За номіналом", "Nominal",
      "Ціна до пересадок, граничних сум і пільг.",
      "The price before transfers, caps and concessions."),
    money(
      "taken_off_minor", "Знято", "Taken off",
      "Номінал без сплати: що зняли пересадки, граничні суми й пільги.",
      "Nominal less charged: what transfers, caps and concessions took off."),
    money(
      "booked_minor", "У книгах", "In the books", "Що книги винні за ці поїздки (2100, 2190).",
      "What the books owe for the rides (2100, 2190)."),
    money(
      "difference_minor", "Різниця", "Difference", "До сплати без записаного; має бути нуль.",
      "Charged less booked; it should be nothing."),
    money(
      "paid_out_minor", "Виплачено", "Paid out", "Платіжні доручення за ці дні.",
      "Payment orders for the days."),
    money(
      "claimed_minor", "Заявлено", "Claimed", "Що заявлено місту.", "What was claimed of the city."),
    money("due_minor", "Борг", "Due", "Не сплачено.", "What is not paid."),
    money("captured_minor", "Стягнуто", "Captured", "Стягнуто з картки.", "Taken from the card."),
    money(
      "written_off_minor", "Списано", "Written off", "Списаний борг.", "Debt given up."),
    money("amount_minor", "Сума", "Amount", "Сума вікна або кроку.", "Sum of the window or step."),
    money(
      "remainder_minor", "Не дійшло", "Remainder", "Попередній крок без цього.",
      "The step before less this one."),
    money("refund_minor", "Повернено", "Refunded", "Скільки повертають.", "What is given back."),
    money("debit_minor", "Дебет", "Debit", "Обороти за дебетом.", "Sum of debits."),
    money("credit_minor", "Кредит", "Credit", "Обороти за кредитом.", "Sum of credits."),
    money("disputed_minor", "Оскаржено", "Disputed", "Сума спору.", "Sum in dispute."),
    money("gross_minor", "Разом", "Gross", "До утримання комісії.", "Before fees."),
    money("fee_minor", "Комісія", "Fee", "Комісія еквайра.", "What the acquirer keeps."),
  ]
}
