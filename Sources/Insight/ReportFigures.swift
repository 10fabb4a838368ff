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
      "vehicles", "Машини", "Vehicles",
      "Де валідатор був у ці дні; для одного перевізника — у дні, коли він був лише на його маршрутах.",
      "Where the validator was on the days; for one operator, on those when it was on its routes alone."
    ),
    text(
      "age_days", "Днів", "Days", "Скільки днів від першої відмови до кінця останнього дня.",
      "Days from the first decline to the end of the last day."),
    text("window", "Вікно", "Window", "Номер вікна списання.", "Number of the charge window."),
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
      "reference", "Запис", "Reference",
      "Валідація, пасажир, номер вікна списання (також у поверненого) або файл і його рядок.",
      "The tap, the rider, the number of the charge window (also of what was refunded), or the file and its line."
    ),
    text(
      "debt", "Вид боргу", "Kind of debt", "Чому не сплачено.", "Why it is not paid."),
    text(
      "recovered_by", "Що зняло", "Ended by", "Що зняло картку зі стоп-листа.",
      "What brought the card off the deny list."),
    text("rider", "Пасажир", "Rider", "Номер пасажира.", "The rider's number."),
    text(
      "kind", "Вид рядка", "Kind", "Про що рядок еквайра.", "What the acquirer's line is about."),
    text(
      "bank_step", "Банк і книги", "Bank and books", "Що порівнюється.", "What is compared."),
    text(
      "bank_why", "Що не так", "What differs", "Чого немає в книгах чи у виписці.",
      "What the books or the statement do not have."),
    text(
      "bank_late", "Що прийшло", "What came", "Рядок чи те, що це за гроші.",
      "The line, or what it is the money of."),
    text(
      "bank_month", "Місяць", "Month", "Закритий місяць, до якого належить рядок.",
      "The closed month that the line belongs to."),
    text(
      "bank_subject", "Що це за гроші", "What it is", "Що це за гроші за книгами.",
      "What the line is the money of."),
    text(
      "bank_reference", "Посилання", "Reference", "Посилання банку, проводка або виписка.",
      "The bank's reference, the entry, or the statement."),
    text(
      "bank_text", "Призначення", "What for", "Призначення платежу або зміст проводки.",
      "What the payment is for, or what the entry says."),
  ]

  private static let days = [
    date(
      "fare_day", "День", "Day", "Тарифна доба поїздок.", "The fare day of the rides."),
    date(
      "bank_day", "Дата банку чи обліку", "Booked on", "День у виписці або в книгах.",
      "The day on the statement, or in the books."),
    date(
      "accounting_date", "Дата обліку", "Accounting date", "День, яким записано в книги.",
      "The day on which it counts in the books."),
    date(
      "since", "Відколи", "Since",
      "Тарифна доба неоплачених поїздок, а коли залишок нижчий за нуль – день, коли картки потрапили до "
        + "стоп-листа: залишок став нижчим за мінімум.",
      "The fare day of the rides that are not paid; of a balance below nothing the day on which its cards "
        + "came onto the deny list, for it went below the minimum."
    ),
    date("first_day", "Від", "From", "Перший день заявки.", "First day of the claim."),
    date("last_day", "До", "To", "Останній день заявки.", "Last day of the claim."),
    moment(
      "last_received_at", "Отримано", "Received", "Коли востаннє щось надійшло.",
      "When something was last received."),
    moment(
      "last_late_at", "Останнє запізнення", "Last late one",
      "Коли надійшла остання із запізнілих.", "When the last of the late ones came."),
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
      "concession_rides", "Пільгових поїздок", "Concession rides",
      "Поїздки, у яких хтось їхав безплатно або дешевше через категорію.",
      "Rides on which somebody rode free or at a lower price because of the category."),
    count(
      "free_people", "Безплатно", "Free people",
      "Люди, які їхали безплатно через категорію; пересадки, граничні суми й абонементи не рахуються.",
      "People who rode free because of the category; transfers, caps and passes do not count."),
    count(
      "reduced_people", "Зі знижкою", "Reduced people",
      "Люди, які заплатили менше за повну ціну через категорію.",
      "People who paid less than the full price because of the category."),
    count(
      "unknown_rides", "Без ціни", "No fare", "Поїздки, ціна яких невідома; у сумах їх немає.",
      "Rides whose fare is not known; they are in no sum of money."),
    count(
      "taps", "Валідацій", "Taps", "Валідації за ці дні.", "Taps of the days asked."),
    count("accepted", "Дозволено", "Accepted", "З них із дозволом на проїзд.", "Those let on."),
    number(
      "latest_hours", "Спізнення, год", "Latest, h", "Найбільше спізнення, годин.",
      "Longest time from tap to arrival, hours."),
    count(
      "denied", "Відмовлено", "Denied", "З них без дозволу на проїзд.", "Those not let on."),
    count(
      "late_taps", "Запізнілих", "Late", "З них надійшли, коли доба минула понад день тому.",
      "Those that came when their fare day was over for a day."),
    count(
      "epochs", "Лічильників", "Epochs",
      "Скільки разів лічильник починав спочатку, від першого дня.",
      "Lives of the counter, from its first day on."),
    count(
      "stored", "Усього валідацій", "Taps of all time",
      "Прийняті до журналу за весь час, усі маршрути.",
      "Taps in the journal of all time, on all routes."),
    count(
      "duplicates", "Повторів", "Duplicates", "Надіслано ще раз, за весь час.",
      "Sent again, in all time."),
    count(
      "conflicts", "Суперечностей", "Conflicts", "Той самий номер з іншим змістом, за весь час.",
      "The same number with other content, in all time."),
    count(
      "quarantined", "У карантині", "Quarantined", "Неможливі, за весь час.",
      "Impossible ones, in all time."),
    count(
      "missing_numbers", "Бракує", "Missing", "Номери, що досі не надійшли, за весь час.",
      "Numbers that have not come until today, of all time."),
    count("windows", "Вікон", "Windows", "Вікна списання.", "Charge windows."),
    number(
      "declines", "Відмов", "Declines", "Відмови банку до кінця останнього дня.",
      "How often the bank had declined when the last day ended."),
    // A rider may owe on several days and to several operators, and an entry has several accounts.
    number(
      "owing_riders", "Боржників", "Owing", "Пасажири з боргом на кінець останнього дня.",
      "Riders who owed when the last day ended."),
    count(
      "cards", "Карток", "Cards",
      "Картки, зняті зі стоп-листа за ці дні або ще в ньому на кінець останнього дня; поки він триває, – коли складено звіт.",
      "Cards that came off the deny list on the days, or were on it when the last day ended; while it lasts, when the report was made."
    ),
    number(
      "denied_minutes", "Хвилин, медіана", "Minutes, median",
      "Скільки половина карток була у стоп-листі щонайбільше, до того самого часу.",
      "How long half of the cards were on the deny list at most, until the same time."),
    number(
      "denied_minutes_max", "Хвилин, найдовше", "Minutes, longest",
      "Скільки найдовше картка була у стоп-листі.", "How long a card was on the deny list at most."),
    number("entries", "Проводок", "Entries", "Записи в книгах.", "Entries in the books."),
    count("records", "Рядків", "Lines", "Рядки файлів еквайра.", "Lines of the acquirer's files."),
    number(
      "counted", "Кількість", "Count", "Скільки дійшло до кроку.", "How many reached the step."),
    number(
      "bank_age", "Вік, днів", "Age, days",
      "Днів до останнього дня звіту, а поки він не настав, то до дня, коли звіт складено.",
      "Days until the last day of the report, and before that until the day on which it is made."),
  ]

  private static let amounts = [
    money(
      "charged_minor", "До сплати", "Charged", "Скільки винні пасажири за ці поїздки.",
      "What riders owe for the rides."),
    money(
      "nominal_minor", "За номіналом", "Nominal",
      "Власна ціна поїздки для її категорії до пересадок, граничних сум і абонементів; безплатної категорії — повна.",
      "The ride's own price for its category, before transfers, caps and products; of a free category the full one."
    ),
    money(
      "taken_off_minor", "Знято", "Taken off",
      "Номінал без сплати: що зняли пересадки, граничні суми й абонементи, а в безплатної категорії — усе.",
      "Nominal less charged: what transfers, caps and products took off, and of a free category all of it."
    ),
    money(
      "concession_minor", "Не сплачено за пільгою", "Taken off by category",
      "Скільки не сплачено через категорію, за тарифом: у безплатної це є й у знятому, у пільгової ціни — ні; компенсує місто за своїми ставками.",
      "What was not paid because of the category, by the tariff: of a free one it is in what is taken off too, of a lower price it is not; the city pays by its rates."
    ),
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
    money(
      "due_minor", "Борг", "Due",
      "Не сплачено на кінець останнього дня; у перевізника — його частка за цінами поїздок.",
      "What was not paid when the last day ended; of an operator: its part by the fares of the rides."
    ),
    money("captured_minor", "Стягнуто", "Captured", "Стягнуто з картки.", "Taken from the card."),
    money(
      "written_off_minor", "Списано", "Written off", "Списаний борг.", "Debt given up."),
    money(
      "windows_minor", "У вікнах", "In windows",
      "На скільки закрито вікна цього пасажира за добу.",
      "What the rider's charge windows of the day are closed over."),
    money("amount_minor", "Сума", "Amount", "Сума вікна або кроку.", "Sum of the window or step."),
    money(
      "remainder_minor", "Не дійшло", "Remainder", "Попередній крок без цього.",
      "The step before less this one."),
    money(
      "explains_minor", "У різниці", "Explains", "Скільки це дає в різниці між 1100 і випискою.",
      "What it makes of the difference between 1100 and the statement."),
    money("refund_minor", "Повернено", "Refunded", "Скільки повертають.", "What is given back."),
    money(
      "opening_debit_minor", "Початкове Дт", "Opening debit",
      "Сальдо на початок, якщо воно дебетове.", "Balance at the beginning, if it is a debit."),
    money(
      "opening_credit_minor", "Початкове Кт", "Opening credit",
      "Сальдо на початок, якщо воно кредитове.", "Balance at the beginning, if it is a credit."),
    money(
      "closing_debit_minor", "Кінцеве Дт", "Closing debit",
      "Сальдо на кінець, якщо воно дебетове.", "Balance at the end, if it is a debit."),
    money(
      "closing_credit_minor", "Кінцеве Кт", "Closing credit",
      "Сальдо на кінець, якщо воно кредитове.", "Balance at the end, if it is a credit."),
    money("debit_minor", "Дебет", "Debit", "Обороти за дебетом.", "Sum of debits."),
    money("credit_minor", "Кредит", "Credit", "Обороти за кредитом.", "Sum of credits."),
    money("disputed_minor", "Оскаржено", "Disputed", "Сума спору.", "Sum in dispute."),
    money("gross_minor", "Разом", "Gross", "До утримання комісії.", "Before fees."),
    money("fee_minor", "Комісія", "Fee", "Комісія еквайра.", "What the acquirer keeps."),
  ]
}
