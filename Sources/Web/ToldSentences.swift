extension ToldSentence {
  /// The sentences, of which the first that fits is taken: narrow ones stand before wide ones.
  package static let all: [ToldSentence] =
    reasons + notes + matching + deciding + claiming + files + parameters + forms

  /// Why the program itself asked for a decision.
  private static let reasons = [
    ToldSentence("owed up to {day}", "належне станом на {day}"),
    ToldSentence("concessions from {day} to {day}", "пільгові поїздки з {day} по {day}"),
  ]

  /// What is noted of a line of a statement.
  private static let notes = [
    ToldSentence(
      "the desks hold less cash than this by the books", "за книгами готівки в касах менше"),
    ToldSentence("by its amount alone", "лише за сумою"),
    ToldSentence("there is no {subject} {n}", "у книгах немає: {subject} № {n}"),
    ToldSentence(
      "{subject} {n} is the money of statement line {n}",
      "{subject} № {n}: ці гроші вже прийшли рядком виписки № {n}"),
    ToldSentence("{subject} {n} is matched already", "{subject} № {n}: про ці гроші вже відомо"),
    ToldSentence(
      "{subject} {n} is paid by adjustment {n}", "{subject} № {n}: сплачено коригуванням № {n}"),
    ToldSentence(
      "{subject} {n} is of {n} minor units",
      "{subject} № {n}: у книгах інша сума, {n} у найменших одиницях валюти"),
    ToldSentence("{subject} {n} is {state}", "{subject} № {n}: {state}"),
  ]

  /// Why a person's word on a line is not taken.
  private static let matching = [
    ToldSentence("say what the line is the money of", "вкажіть, що це за гроші"),
    ToldSentence(
      "adjustment {n} is not approved, takes another amount out of 2290, or is another line's",
      "коригування № {n} не погоджено, або воно знімає з 2290 іншу суму, або належить іншому рядку"),
    ToldSentence(
      "cash comes in, and no more than the desks hold by the books",
      "готівка надходить, і не більше, ніж за книгами є в касах"),
    ToldSentence(
      "one person books a fee that goes out, of at most {any}: all else is an adjustment",
      "одна особа проводить лише списану комісію, щонайбільше {any}: решта – коригування"),
    ToldSentence("say which {subject} it is, by its number", "вкажіть номер: {subject}"),
    ToldSentence(
      "line {n} is matched already: {subject} {n}", "про рядок № {n} вже відомо: {subject} № {n}"),
    ToldSentence("line {n} is matched already: {subject}", "про рядок № {n} вже відомо: {subject}"),
    ToldSentence(
      "a line is not its own other side", "рядок не може бути зворотним до самого себе"),
    ToldSentence(
      "the two lines do not come to nothing", "два рядки разом не дають нуля"),
    ToldSentence(
      "{subject} {n} is of {any}, the line of {any}", "{subject} № {n}: сума {any}, а рядка {any}"),
  ]

  /// Why a person may not decide, or not like that.
  private static let deciding = [
    ToldSentence(
      "who proposed an order may not decide it: ask a second person",
      "хто подав розпорядження, не вирішує про нього: зверніться до другої особи"),
    ToldSentence(
      "Who asks for a correction may not decide on it: ask another person",
      "Хто подав коригування, не вирішує про нього: зверніться до іншої особи"),
    ToldSentence("The correction was {state} before", "Це коригування раніше {state}"),
    ToldSentence("order {n} is {state} already", "розпорядження № {n} уже {state}"),
    ToldSentence("There is no such correction", "Такого коригування немає"),
    ToldSentence("There is no order {n}", "Розпорядження № {n} немає"),
    ToldSentence("There is no statement line {n}", "Рядка виписки № {n} немає"),
    ToldSentence("There is no claim {n}", "Заявки № {n} немає"),
    ToldSentence(
      "A reason has 1 to {n} bytes", "Підстава має бути, і не довша за {n} байтів"),
    ToldSentence(
      "order {n} pays {any}, whose account was not known: refuse it, and have the payout proposed anew",
      "розпорядження № {n} – для {any}, чий рахунок не був відомий: відхиліть його й подайте "
        + "виплату знову"),
    ToldSentence(
      "order {n} pays {any} to {any}, and its account is {any} by now: refuse it, and have the payout "
        + "proposed anew",
      "розпорядження № {n} – для {any} на {any}, а його рахунок тепер {any}: відхиліть його й подайте "
        + "виплату знову"),
  ]

  /// Why there is no claim against the city.
  private static let claiming = [
    ToldSentence(
      "claim {n} waits for a decision: have it decided first",
      "заявка № {n} чекає на рішення: спершу вирішіть про неї"),
    ToldSentence(
      "{day} is not over yet: claim days before it",
      "день {day} ще не минув: подавайте заявку на дні до нього"),
    ToldSentence(
      "the first day to claim, {day}, lies after the last, {day}",
      "перший день заявки, {day}, пізніший за останній, {day}"),
    ToldSentence(
      "there is nothing to claim: nobody rode free or at a lower price by a category with a rate, or "
        + "all are claimed",
      "немає чого заявляти: ніхто не їхав безкоштовно чи дешевше за категорією зі ставкою, або все вже "
        + "заявлено"),
    ToldSentence(
      "there is nothing to claim: what is new and what is taken back are the same for each operator and "
        + "category",
      "немає чого заявляти: нове й відкликане однакові за кожним перевізником і категорією"),
    ToldSentence(
      "claim {n} is {state}; only an approved one is paid",
      "заявка № {n}: {state}; сплачують лише погоджену"),
  ]

  /// Why a statement is not taken.
  private static let files = [
    ToldSentence("Nothing of the file was taken: {said}", "З файла нічого не прийнято: {said}"),
    ToldSentence("line {n}: {said}", "рядок {n}: {said}"),
    ToldSentence(
      "the file is not written in UTF-8: ask the bank for UTF-8",
      "файл записано не в UTF-8: попросіть у банку файл у UTF-8"),
    ToldSentence(
      "the file is written in {any}: ask the bank for UTF-8",
      "файл записано в {any}: попросіть у банку файл у UTF-8"),
    ToldSentence("the file is larger than {n} bytes", "файл більший за {n} байтів"),
    ToldSentence(
      "the file is empty, cut off before its first byte: fetch it from the bank again",
      "файл порожній: візьміть його в банку знову"),
    ToldSentence(
      "the file is nothing but zero bytes: its content was never written; fetch it from the bank again",
      "у файлі самі нульові байти, його вміст не записався: візьміть його в банку знову"),
    ToldSentence(
      "the file is cut off, or no XML: ask the bank for it again",
      "файл обрізано, або це не XML: візьміть його в банку знову"),
    ToldSentence(
      "the file is cut off, or no XML: hand in the statement as the bank gives it, as camt.053, or ask "
        + "for it again",
      "файл обрізано, або це не XML: подайте виписку такою, як її дає банк, camt.053, або візьміть її "
        + "знову"),
    ToldSentence(
      "the file is no XML that is well formed: ask the bank for it again",
      "файл – XML із помилками: візьміть його в банку знову"),
    ToldSentence(
      "the file declares a document type or an entity, as no statement does",
      "у файлі є оголошення DTD, якого у виписках не буває"),
    ToldSentence(
      "the file is no camt.053.001.02 or camt.053.001.08, but {any}",
      "файл – не camt.053.001.02 і не camt.053.001.08, а {any}"),
    ToldSentence(
      "statement {any} goes on until {day}, which is not over",
      "виписка {any} триває до {day}, а цей день ще не минув"),
  ]

  /// What is wrong in the address of a page.
  private static let parameters = [
    ToldSentence("Parameter {any}: {said}", "Параметр {any}: {said}"),
    ToldSentence("the last hour lies before the first", "остання година раніша за першу"),
    ToldSentence("it is missing", "його бракує"),
    ToldSentence("it is missing; add {any}", "його бракує; додайте {any}"),
    ToldSentence(
      "{any} is not a date; write it as 2026-11-22", "{any} – не дата; пишіть як 2026-11-22"),
    ToldSentence(
      "{any} is not a whole number from {n} to {n}", "{any} – не ціле число від {n} до {n}"),
    ToldSentence(
      "it lies before `date`, or more than {n} days after",
      "він раніший за `date` або пізніший більш як на {n} днів"),
    ToldSentence(
      "it lies after `to`, or more than {n} days before it",
      "він пізніший за `to` або раніший більш як на {n} днів"),
    ToldSentence(
      "it is not base64url, as validators send it", "це не base64url, як його передають валідатори"),
    ToldSentence("There is no report {any}", "Звіту {any} немає"),
  ]

  /// What is wrong in a form.
  private static let forms = [
    ToldSentence(
      "The form says not what is to be done", "У формі не вказано, що зробити"),
    ToldSentence(
      "The form needs an order or an adjustment", "У формі бракує розпорядження або коригування"),
    ToldSentence("A number is written in digits", "Номер записують цифрами"),
    ToldSentence("The form cannot be read", "Форму не вдається прочитати"),
    ToldSentence("The form must have a field token", "У формі бракує ключа доступу"),
    ToldSentence(
      "The form needs a line and what it is the money of",
      "У формі бракує рядка або того, що це за гроші"),
    ToldSentence(
      "The form needs two days and a currency", "У формі бракує двох днів або валюти"),
    ToldSentence("The form needs the number of a claim", "У формі бракує номера заявки"),
    ToldSentence(
      "The form needs an order and what is to be done",
      "У формі бракує розпорядження або того, що зробити"),
    ToldSentence(
      "The form needs a tap and what is to be done",
      "У формі бракує валідації або того, що зробити"),
    ToldSentence(
      "A time is written as 2026-11-22T09:00:00, and a number of riders in digits",
      "Час пишуть як 2026-11-22T09:00:00, а кількість пасажирів – цифрами"),
  ]
}
