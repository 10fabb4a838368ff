import Basics

extension Texts {
  /// What the page of the bank says.
  static let bank: [String: Bilingual] = [
    "bank_title": Bilingual(uk: "Банк: виписки", en: "Bank statements"),
    "bank_open": Bilingual(uk: "Нез’ясовані рядки (2290)", en: "Lines not known (2290)"),
    "bank_open_none": Bilingual(
      uk: "Нічого: про кожен рядок відомо, що це за гроші.",
      en: "Nothing: of every line it is known what it is the money of."),
    "bank_open_first": Bilingual(
      uk: "Показано найновіші; усі — за адресою /v1/bank/lines. Рядків на сторінці:",
      en: "Shown are the newest; all are at /v1/bank/lines. Lines on the page:"),
    "bank_line": Bilingual(uk: "Рядок", en: "Line"),
    "bank_booked": Bilingual(uk: "Дата банку", en: "Booked"),
    "bank_age": Bilingual(uk: "Вік, днів", en: "Age, days"),
    "bank_account": Bilingual(uk: "Рахунок", en: "Account"),
    "bank_text": Bilingual(uk: "Призначення", en: "What for"),
    "bank_say": Bilingual(uk: "З’ясувати", en: "Say what it is"),
    "bank_statement": Bilingual(uk: "Виписка", en: "Statement"),
    "bank_statements": Bilingual(uk: "Виписки", en: "Statements"),
    "bank_reference": Bilingual(uk: "Референс банку", en: "Reference of the bank"),
    "bank_end_to_end": Bilingual(uk: "Наскрізний референс", en: "End-to-end reference"),
    "bank_counterparty": Bilingual(uk: "Контрагент", en: "Counterparty"),
    "bank_code": Bilingual(uk: "Код операції банку", en: "The bank's code"),
    "bank_note": Bilingual(uk: "До відома", en: "Note"),
    "bank_known": Bilingual(uk: "Це:", en: "It is:"),
    "bank_by": Bilingual(uk: "з’ясовано:", en: "said by"),
    "bank_kind": Bilingual(uk: "Що це за гроші", en: "What it is the money of"),
    "bank_number": Bilingual(uk: "Номер (якщо є)", en: "Its number, if any"),
    "bank_match": Bilingual(uk: "Записати", en: "Write it down"),
    "bank_hint": Bilingual(
      uk: "Сума має збігатися до копійки; готівка й комісія номера не мають.",
      en: "The amount has to be the same to the last minor unit; cash and fees have no number."),
    "bank_opening": Bilingual(uk: "Вхідний залишок", en: "Opening balance"),
    "bank_closing": Bilingual(uk: "Вихідний залишок", en: "Closing balance"),
    "bank_days": Bilingual(uk: "Дні", en: "Days"),
    "bank_lines_open": Bilingual(uk: "Нез’ясовано / рядків", en: "Not known / lines"),
    "bank_missing": Bilingual(uk: "Бракує перед нею", en: "Missing before it"),
    "bank_taken": Bilingual(uk: "Прийнято", en: "Taken by"),
    "bank_file": Bilingual(
      uk: "Файл виписки (camt.053, XML)", en: "Statement file (camt.053, XML)"),
    "bank_take": Bilingual(uk: "Прийняти", en: "Take it"),
    "bank_take_failed": Bilingual(
      uk: "Сервер не відповів; файл можна надіслати ще раз.",
      en: "The service did not answer; the file can be sent again."),
    "bank_take_large": Bilingual(
      uk: "Файл завеликий: попросіть у банку виписки за менше днів, окремими файлами.",
      en: "The file is too large: ask the bank for statements of fewer days, in several files."),
    "bank_kind_payout": Bilingual(uk: "виплата перевізнику", en: "payout to an operator"),
    "bank_kind_payout_return": Bilingual(uk: "виплата повернулася", en: "payout that came back"),
    "bank_kind_funding": Bilingual(uk: "файл еквайра", en: "funding file of the acquirer"),
    "bank_kind_claim": Bilingual(uk: "заявка до міста", en: "claim against the city"),
    "bank_kind_cash": Bilingual(uk: "готівка кас", en: "cash of the desks"),
    "bank_kind_fee": Bilingual(uk: "комісія банку", en: "fee of the bank"),
    "bank_kind_transfer": Bilingual(
      uk: "повернення з картки переказом (рух)", en: "stored value given back (movement)"),
    "bank_kind_product_transfer": Bilingual(
      uk: "повернення за абонемент", en: "pass or carnet given back"),
    "bank_kind_refund": Bilingual(uk: "повернення за поїздки", en: "refund of rides"),
    "bank_kind_receipt": Bilingual(
      uk: "поповнення переказом (рух)", en: "top-up by transfer (movement)"),
    "bank_kind_sale": Bilingual(uk: "продаж абонемента", en: "pass or carnet sold"),
    "bank_kind_debt": Bilingual(uk: "борг за вікном списання", en: "debt of a charge window"),
    "bank_kind_adjustment": Bilingual(
      uk: "коригування двох осіб", en: "adjustment of two people"),
    "bank_kind_line": Bilingual(
      uk: "зворотний рядок виписки", en: "another line that goes the other way"),
  ]
}
