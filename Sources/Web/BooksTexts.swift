import Basics

extension Texts {
  /// What the page of the books says.
  static let books: [String: Bilingual] = [
    "books_title": Bilingual(uk: "Книги обліку", en: "The books"),
    "books_waiting": Bilingual(uk: "Чекає на другу особу", en: "Waiting for a second person"),
    "books_hint": Bilingual(
      uk: "Вирішує інша особа, ніж подала; вона вводить власний ключ доступу.",
      en: "Another person decides than the one who asked, by their own access token."),
    "books_orders": Bilingual(uk: "Розпорядження про гроші", en: "Money orders"),
    "books_order": Bilingual(uk: "Розпорядження", en: "Order"),
    "books_what": Bilingual(uk: "Що", en: "What"),
    "books_whom": Bilingual(uk: "Кого стосується", en: "Whom it concerns"),
    "books_reason": Bilingual(uk: "Підстава", en: "Reason"),
    "books_asked": Bilingual(uk: "Подано", en: "Asked for by"),
    "books_decision": Bilingual(uk: "Рішення", en: "Decision"),
    "books_account": Bilingual(uk: "рахунок картки", en: "account of stored value"),
    "books_window": Bilingual(uk: "вікно списання", en: "charge window"),
    "books_kind_write_off": Bilingual(uk: "списання боргу", en: "write-off of a debt"),
    "books_kind_refund": Bilingual(uk: "повернення за поїздки", en: "refund of rides"),
    "books_kind_payout": Bilingual(uk: "виплата перевізнику", en: "payout to an operator"),
    "books_kind_subsidy": Bilingual(uk: "заявка до міста", en: "claim against the city"),
    "books_kind_account_write_off": Bilingual(
      uk: "списання боргу рахунку картки", en: "write-off of what an account owes"),
    "books_kind_account_credit": Bilingual(
      uk: "виправлення залишку: додати", en: "correction of a balance: add"),
    "books_kind_account_debit": Bilingual(
      uk: "виправлення залишку: зняти", en: "correction of a balance: take off"),
    "books_adjustments": Bilingual(uk: "Коригування", en: "Adjustments"),
    "books_adjustment": Bilingual(uk: "Коригування", en: "Adjustment"),
    "books_fare_day": Bilingual(uk: "Тарифний день", en: "Fare day"),
    "books_pays": Bilingual(uk: "Сплачує", en: "Pays"),
    "books_why": Bilingual(
      uk: "Чому (для відмови обов’язково)", en: "Why (a refusal needs it)"),
    "books_elsewhere": Bilingual(uk: "Вирішується не тут", en: "Decided elsewhere"),
    "books_rating": Bilingual(
      uk: "Розпорядження на перерахунок вартості", en: "Orders to rate anew"),
    "books_stops": Bilingual(uk: "Виправлені зупинки", en: "Corrected stops"),
    "books_changes": Bilingual(uk: "Зміни минулого", en: "Changes of the past"),
    "books_newest": Bilingual(uk: "Показано найновіші:", en: "Shown are the newest"),
    "books_in_all": Bilingual(uk: "усього:", en: "in all there are"),
    "books_periods": Bilingual(uk: "Облікові періоди", en: "Periods"),
    "books_period": Bilingual(uk: "Період", en: "Period"),
    "books_closed": Bilingual(uk: "Закрито", en: "Closed"),
    "books_root": Bilingual(uk: "Корінь", en: "Root"),
    "books_next": Bilingual(uk: "Наступним закривається", en: "To be closed next:"),
    "books_not_over": Bilingual(
      uk: "Цей місяць ще не минув: закрити його можна, коли він мине.",
      en: "This month is not over: it can be closed when it is."),
    "books_nothing_open": Bilingual(
      uk: "Незавершеного немає: його можна закрити.",
      en: "Nothing is open: it can be closed."),
    "books_open": Bilingual(
      uk: "Поки це не завершено, команда відмовляє; з --with-open-items вона закриває місяць і "
        + "зберігає цей перелік.",
      en: "As long as this is open the command refuses; with --with-open-items it closes the month "
        + "and keeps this list."),
    "books_command": Bilingual(uk: "Закриває команда", en: "The command that closes it:"),
    "books_open_quarantined_taps": Bilingual(
      uk: "Валідації в карантині", en: "Taps in quarantine"),
    "books_open_unsorted_batches": Bilingual(
      uk: "Пакети, яких ще не розібрано", en: "Batches not sorted yet"),
    "books_open_set_aside_batches": Bilingual(
      uk: "Пакети, яких не вдалося прочитати", en: "Batches that cannot be read"),
    "books_open_stale_rider_days": Bilingual(
      uk: "Дні пасажирів, що чекають тарифікації", en: "Rider-days that wait for a rating"),
    "books_open_unknown_fares": Bilingual(
      uk: "Поїздки з невідомою ціною", en: "Rides without a known fare"),
    "books_open_unknown_operator": Bilingual(
      uk: "Плата без відомого перевізника (2190)", en: "Fares without a known operator (2190)"),
    "books_open_unknown_operator_given": Bilingual(
      uk: "Повернено з плати без відомого перевізника (2190)",
      en: "Given back of fares without a known operator (2190)"),
    "books_open_unmatched_receipts": Bilingual(
      uk: "Нез’ясовані надходження (2290)", en: "Receipts that match nothing (2290)"),
    "books_open_unmatched_payments": Bilingual(
      uk: "Нез’ясовані платежі (2290)", en: "Payments that match nothing (2290)"),
    "books_open_undecided_adjustments": Bilingual(
      uk: "Коригування, що чекають на рішення", en: "Adjustments that wait for a decision"),
    "books_open_orders_under_way": Bilingual(
      uk: "Розпорядження на перерахунок, що виконуються",
      en: "Orders to rate anew that are being carried out"),
    "books_open_kept_messages": Bilingual(
      uk: "Повідомлення й рядки еквайра, яких ніхто не розглянув",
      en: "Messages and lines of the acquirer that nobody has looked into"),
  ]
}
