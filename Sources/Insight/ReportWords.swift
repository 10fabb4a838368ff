package import Basics
import Store

/// Words of the columns of reports, for people; programs get them as they stand in the tables.
package enum ReportWords {
  /// A word of a column; nil for one that needs no other.
  package static func find(_ column: String, _ word: String) -> Bilingual? { words[column]?[word] }

  private static let words: [String: [String: Bilingual]] = [
    "step": steps, "why": remainders, "debt": debts, "bank_step": bankSteps,
    "bank_why": bankRemainders, "bank_late": bankLate, "bank_subject": bankSubjects,
    "category": matches, "kind": acquirerLines, "state": states, "cause": refundCauses,
    "stage": disputeStages, "recovered_by": recoveries,
  ]

  private static let steps = [
    "taps": Bilingual(uk: "Валідації", en: "Taps"),
    "rides": Bilingual(uk: "Поїздки", en: "Rides"),
    "bank_rides": Bilingual(
      uk: "Поїздки з банківською карткою чи телефоном", en: "Rides with bank card or phone"),
    "windows": Bilingual(uk: "Вікна списання", en: "Charge windows"),
    "authorised": Bilingual(uk: "Дозволено банком", en: "Authorised"),
    "captured": Bilingual(uk: "Стягнуто", en: "Captured"),
    "settled": Bilingual(uk: "Розраховано еквайром", en: "Settled"),
    "bank": Bilingual(
      uk: "Виплачено за файлами еквайра, без комісії", en: "Paid by the acquirer's files, less fees"
    ),
    "statement": Bilingual(uk: "У виписках банку", en: "On the bank's statements"),
    "charged_back": Bilingual(uk: "Оскаржене", en: "Charged back"),
    "refunded": Bilingual(uk: "Повернене", en: "Refunded"),
    "acquirer_other": Bilingual(
      uk: "Інше за рахунком еквайра: поповнення, продажі, повернення, спори",
      en: "Else on the acquirer's account: top-ups, sales, refunds, disputes"),
    "unmatched": Bilingual(
      uk: "З виплаченого: не встановлено за що", en: "Of what was paid: not known what for"),
  ]

  private static let bankSteps = [
    "statement in": Bilingual(uk: "Надійшло за виписками", en: "Came in by the statements"),
    "statement out": Bilingual(uk: "Списано за виписками", en: "Went out by the statements"),
    "books in": Bilingual(uk: "Дебет 1100 за ці дні", en: "Debits of 1100 on the days"),
    "books out": Bilingual(uk: "Кредит 1100 за ці дні", en: "Credits of 1100 on the days"),
    "balance of the books": Bilingual(uk: "Сальдо 1100", en: "Balance of 1100"),
    "balance of the statement": Bilingual(
      uk: "Залишок за останньою випискою", en: "Closing balance of the last statement"),
    "difference": Bilingual(uk: "Різниця: 1100 без виписки", en: "Difference: 1100 less statement"),
    "explained": Bilingual(uk: "Пояснено залишками", en: "Explained by remainders"),
    "unexplained": Bilingual(
      uk: "Не пояснено; має бути нуль", en: "Not explained; nothing, if all is well"),
    "not known": Bilingual(uk: "Нез'ясоване на 2290", en: "Not known, waits in 2290"),
  ]

  private static let bankRemainders = [
    "statement only": Bilingual(
      uk: "є у виписці, немає в книгах", en: "on the statement, not in the books"),
    "books only": Bilingual(
      uk: "є в книгах, немає у виписці", en: "in the books, not on the statement"),
    "amount differs": Bilingual(uk: "інша сума", en: "amount differs"),
    "opening balance": Bilingual(
      uk: "залишок до першої виписки", en: "balance before the first statement"),
    "missing statement": Bilingual(uk: "бракує виписки", en: "a statement is missing before it"),
    "not known": Bilingual(uk: "нез'ясоване, на 2290", en: "not known, waits in 2290"),
  ]

  private static let bankLate = [
    "line": Bilingual(uk: "рядок виписки", en: "a line of a statement"),
    "match": Bilingual(uk: "що це за гроші", en: "what a line is the money of"),
  ]

  private static let bankSubjects = [
    "payout": Bilingual(uk: "виплата перевізнику", en: "payout to an operator"),
    "payout_return": Bilingual(uk: "виплата повернулася", en: "payout that came back"),
    "funding": Bilingual(uk: "файл еквайра", en: "funding file of the acquirer"),
    "claim": Bilingual(uk: "заявка до міста", en: "claim against the city"),
    "cash": Bilingual(uk: "готівка кас", en: "cash of the desks"),
    "fee": Bilingual(uk: "комісія банку", en: "fee of the bank"),
    "transfer": Bilingual(uk: "повернення переказом", en: "stored value given back"),
    "product_transfer": Bilingual(uk: "повернення за абонемент", en: "pass or carnet given back"),
    "refund": Bilingual(uk: "повернення за поїздки", en: "refund of rides"),
    "receipt": Bilingual(uk: "поповнення переказом", en: "top-up by transfer"),
    "sale": Bilingual(uk: "продаж абонемента", en: "pass or carnet sold"),
    "debt": Bilingual(uk: "борг за вікном списання", en: "debt of a charge window"),
    "adjustment": Bilingual(uk: "коригування двох осіб", en: "adjustment of two people"),
    "line": Bilingual(uk: "зворотний рядок виписки", en: "another line that goes the other way"),
    "unknown": Bilingual(uk: "нез'ясоване, на 2290", en: "not known, waits in 2290"),
  ]

  private static let recoveries = [
    "none": Bilingual(uk: "ще у стоп-листі", en: "still denied"),
    "check": Bilingual(uk: "перевірка картки", en: "the first-use check"),
    "tap": Bilingual(uk: "наступна валідація", en: "the next tap"),
    "rider": Bilingual(uk: "пасажир", en: "the rider"),
    "merchant": Bilingual(uk: "повторний запит", en: "the house asked again"),
    "desk": Bilingual(uk: "каса", en: "paid at a desk"),
    "office": Bilingual(uk: "рішення людини", en: "a person decided"),
  ]

  private static let debts = [
    "short": Bilingual(uk: "на рахунку бракувало", en: "the account was short"),
    "no account": Bilingual(uk: "нічого не поклали на картку", en: "nothing was ever put on"),
    "below nothing": Bilingual(uk: "залишок нижчий за нуль", en: "balance below nothing"),
  ]

  private static let remainders = [
    "no ride": Bilingual(uk: "поїздки немає", en: "no ride"),
    "no window": Bilingual(uk: "вікна списання немає", en: "no charge window"),
    "rider erased": Bilingual(uk: "пасажира видалено", en: "the rider was erased"),
    "another amount": Bilingual(
      uk: "вікна закрито на іншу суму", en: "charge windows of another amount"),
    "no account": Bilingual(
      uk: "рахунок телефону невідомий", en: "no payment account is known of the phone"),
    "closed": Bilingual(uk: "еквайра ще не запитано", en: "the acquirer was not asked yet"),
    "authorising": Bilingual(uk: "запитано, відповіді немає", en: "asked, not answered yet"),
    "authorised": Bilingual(uk: "дозволено, ще не стягнуто", en: "authorised, not captured yet"),
    "capturing": Bilingual(uk: "стягується", en: "being captured"),
    "retrying": Bilingual(uk: "відмовлено, пробуємо знову", en: "declined, tried again"),
    "debt": Bilingual(uk: "борг", en: "debt"),
    "netting": Bilingual(uk: "належить повернути", en: "to be given back"),
    "offset": Bilingual(
      uk: "повернуто або зараховано вікном різниці",
      en: "given back or set off by a difference window"),
    "written off": Bilingual(uk: "списано", en: "written off"),
    "not settled": Bilingual(uk: "еквайр ще не розрахувався", en: "not settled yet"),
    "charged back": Bilingual(uk: "оскаржено", en: "charged back"),
    "refunded": Bilingual(uk: "повернено", en: "refunded"),
    "desk": Bilingual(uk: "сплачено в касі, не файлом", en: "paid at a desk, by no file"),
    "overpaid": Bilingual(uk: "файл платить більше", en: "a file pays more"),
    "fee": Bilingual(uk: "комісія еквайра", en: "fee of the acquirer"),
    "no statement": Bilingual(
      uk: "грошей файла у виписках немає", en: "no statement shows the money of the file"),
  ]

  /// What a line of the acquirer was matched to; categories of riders stand in a column of this name
  /// too, and are the tariff's own words.
  private static let matches = [
    "matched": Bilingual(uk: "збігається", en: "matched"),
    "missing_there": Bilingual(uk: "немає в еквайра", en: "missing there"),
    "missing_here": Bilingual(uk: "немає в нас", en: "missing here"),
    "amount_differs": Bilingual(uk: "інша сума", en: "amount differs"),
    "twice": Bilingual(uk: "двічі", en: "twice"),
    "declined": Bilingual(uk: "у нас відмовлено", en: "declined here"),
    "not_honoured": Bilingual(
      uk: "не сплачено, чекає на людину", en: "not honoured, waits for a person"),
    "unknown": Bilingual(uk: "невідоме", en: "unknown"),
  ]

  private static let acquirerLines = [
    "capture": Bilingual(uk: "стягнення", en: "capture"),
    "refund": Bilingual(uk: "повернення", en: "refund"),
    "chargeback": Bilingual(uk: "оскарження", en: "chargeback"),
    "dispute_won": Bilingual(uk: "виграний спір", en: "dispute won"),
    "billing": Bilingual(uk: "рахунок еквайра", en: "billing"),
    "decline": Bilingual(uk: "відмова", en: "decline"),
    "sale": Bilingual(uk: "продаж або поповнення", en: "sale or top-up"),
    "sale_refund": Bilingual(uk: "повернення за продаж", en: "refund of a sale"),
    "sale_chargeback": Bilingual(
      uk: "оскарження продажу або поповнення", en: "chargeback of a sale or top-up"),
    "sale_decline": Bilingual(
      uk: "продаж або поповнення не сплачено", en: "sale or top-up not honoured"),
  ]

  /// Where a validator, a claim or a refund stands: the three have no word with two meanings.
  private static let states = [
    "enrolled": Bilingual(uk: "зареєстрований", en: "enrolled"),
    "active": Bilingual(uk: "працює", en: "active"),
    "suspended": Bilingual(uk: "призупинений", en: "suspended"),
    "revoked": Bilingual(uk: "відкликаний", en: "revoked"),
    "awaiting": Bilingual(uk: "чекає на рішення", en: "awaiting"),
    "refused": Bilingual(uk: "відхилено", en: "refused"),
    "approved": Bilingual(uk: "схвалено", en: "approved"),
    "asking": Bilingual(uk: "запитано еквайра", en: "asking"),
    "paid": Bilingual(uk: "виплачено", en: "paid"),
    "settled": Bilingual(uk: "розраховано", en: "settled"),
    "failed": Bilingual(uk: "не вдалося", en: "failed"),
    "paid_back": Bilingual(uk: "виплачено замість картки", en: "paid back"),
  ]

  private static let refundCauses = [
    "rerated": Bilingual(uk: "перераховано ціну", en: "rated anew"),
    "goodwill": Bilingual(uk: "з доброї волі", en: "goodwill"),
  ]

  private static let disputeStages = [
    "opened": Bilingual(uk: "відкрито", en: "opened"),
    "won": Bilingual(uk: "виграно", en: "won"),
    "lost": Bilingual(uk: "програно", en: "lost"),
  ]
}
