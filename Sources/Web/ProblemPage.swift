import Basics
import HTTPTypes
import Store

/// What is known of the request whose failure a page tells: whose it was, and where they came from.
struct FailedRequest {
  /// Nil where there is no such path.
  let endpoint: Endpoint?
  /// Who is signed in; nil when nobody is, or it could not be found out.
  let caller: AccessGrant?

  /// The page that the failed request was of: a form's, or the same without what was asked of it.
  ///
  /// Nil where it would fail again for the same person.
  func back(after problem: Problem) -> String? {
    guard let endpoint, endpoint.isPage, endpoint != .logout else { return nil }
    if endpoint.method == .get, [401, 403].contains(problem.status.code) { return nil }
    return endpoint.path
  }

  /// The name of the sentence that says what failed: by its code where that says more than the status.
  func sentence(for problem: Problem) -> String {
    let isForm = endpoint?.isPage == true && endpoint?.method == .post
    switch problem.code {
    case "token_unknown": return "login_failed"
    case Problem.forbidden.code where isForm: return "problem_act_forbidden"
    case "not_found" where endpoint?.isPage == true: return "problem_missing"
    default: break
    }
    let ofCode = "problem_\(problem.code)"
    if Texts.all[ofCode] != nil { return ofCode }
    return switch problem.status.code {
    case 404: "problem_not_found"
    case 401, 403: "problem_forbidden"
    case 409: "problem_conflict"
    case 422: "problem_unfit"
    case 429, 503: "problem_unavailable"
    case 400..<500: "problem_input"
    default: "problem_internal"
    }
  }

  /// Whether the detail is what a person has to read: then it stands open.
  ///
  /// Where it has no Ukrainian words it is in English; the sentence before it is the reader's.
  func isDetailOpen(of problem: Problem) -> Bool {
    switch problem.status.code {
    case 400, 409, 410, 422: true
    case 404: endpoint?.isPage == true
    default: false
    }
  }
}

extension Pages {
  private struct ProblemModel {
    let sentence: String
    let status: Int
    let code: String
    let detail: String
    /// Whether the detail could not be told in the language of the page.
    let isDetailEnglish: Bool
    let isDetailOpen: Bool
    let faults: [String]
    /// Where the form was; nil where there is nothing to go back to.
    let back: String?
  }

  /// The page that tells a person what failed, and where to go on.
  func problem(
    _ problem: Problem, of failed: FailedRequest, language: Language, at moment: Instant,
    zone: TimeZoneTable
  ) -> Answer {
    let people = People(language: language, zone: zone)
    let frame = PageFrame(
      failureIn: language, titleName: "problem_title", at: moment, people: people,
      caller: failed.caller)
    let detail = people.told(problem.detail)
    let model = ProblemModel(
      sentence: people.text(failed.sentence(for: problem)), status: problem.status.code,
      code: problem.code, detail: detail, isDetailEnglish: detail == problem.detail,
      isDetailOpen: failed.isDetailOpen(of: problem),
      faults: problem.faults, back: failed.back(after: problem))
    var answer = page(
      "problem", frame: frame, language: language, model, status: problem.status)
    answer.addHeaders(of: problem)
    return answer
  }
}

extension Texts {
  /// What is said when something fails, by code or by status.
  static let problems: [String: Bilingual] = [
    "problem_title": Bilingual(uk: "Не вийшло", en: "That did not work"),
    "problem_not_found": Bilingual(
      uk: "Такої сторінки немає.", en: "There is no such page."),
    "problem_missing": Bilingual(
      uk: "Того, що ви назвали, немає.", en: "What you named is not there."),
    "problem_forbidden": Bilingual(
      uk: "Ваша роль не дає права на цю сторінку.", en: "Your role does not open this page."),
    "problem_act_forbidden": Bilingual(
      uk: "Роль цього ключа доступу не дає права на цю дію.",
      en: "The role of this access token may not do this."),
    "problem_token_nameless": Bilingual(
      uk: "Цей ключ доступу не має імені, тож не було б видно, хто вирішив. Потрібен інший ключ.",
      en: "This access token has no name, so nobody would know who decided. It takes another one."),
    "problem_other_site": Bilingual(
      uk: "Форма надійшла з іншого сайту, тому її не прийнято.",
      en: "The form came from another site, so it was not taken."),
    "problem_unavailable": Bilingual(
      uk: "Служба зараз не може відповісти. Спробуйте за кілька секунд.",
      en: "The service cannot answer right now. Try again in a few seconds."),
    "problem_outcome_unknown": Bilingual(
      uk:
        "Базу даних втрачено в останню мить: чи записано, невідомо. Перевірте, перш ніж повторювати.",
      en:
        "The database went away at the last moment: whether it was stored is not known. Look before you "
        + "repeat it."),
    "problem_input": Bilingual(
      uk: "Запит незрозумілий. Виправте його і спробуйте знову.",
      en: "The request was not understood. Correct it and try again."),
    "problem_bad_form": Bilingual(
      uk: "У формі чогось бракує, або щось записано не так.",
      en: "Something in the form is missing, or not written as it has to be."),
    "problem_bad_parameter": Bilingual(
      uk: "В адресі сторінки щось записано не так.",
      en: "Something in the address of the page is not written as it has to be."),
    "problem_second_person_needed": Bilingual(
      uk: "Вирішити має інша особа, не та, що подала.",
      en: "Another person has to decide, not the one who proposed."),
    "problem_order_refused": Bilingual(
      uk: "Це розпорядження не можна так вирішити.", en: "This order cannot be decided like that."),
    "problem_not_possible": Bilingual(
      uk: "За тим, що записано, цього зробити не можна.",
      en: "By what is on record this cannot be done."),
    "problem_not_in_quarantine": Bilingual(
      uk: "Такої валідації в карантині немає.", en: "There is no such tap in quarantine."),
    "problem_reason_missing": Bilingual(
      uk: "Вкажіть підставу: рішення зберігається разом із нею.",
      en: "Give a reason: the decision is kept with it."),
    "problem_time_needed": Bilingual(
      uk: "Час цієї валідації неможливий: вкажіть, коли вона справді була.",
      en: "The time of this tap is impossible: say when it really was."),
    "problem_riders_needed": Bilingual(
      uk: "Кількість пасажирів цієї валідації неможлива: вкажіть, скільки їх їхало.",
      en: "The number of riders of this tap is impossible: say how many rode."),
    "problem_batch_unreadable": Bilingual(
      uk: "Пакет із цією валідацією не вдається прочитати, тож пропустити її не можна.",
      en: "The batch that holds this tap cannot be read, so it cannot be released."),
    "problem_nothing_to_correct": Bilingual(
      uk: "Відхилена валідація не виправляється: залиште час і пасажирів порожніми.",
      en: "A tap that is discarded is not corrected: leave the time and the riders empty."),
    "problem_released_before": Bilingual(
      uk: "Цю валідацію вже пропущено.", en: "This tap was released before."),
    "problem_discarded_before": Bilingual(
      uk: "Цю валідацію вже відхилено.", en: "This tap was discarded before."),
    "problem_conflict": Bilingual(
      uk: "Так зробити не можна: це суперечить тому, що вже записано.",
      en: "This cannot be done: it contradicts what is on record already."),
    "problem_unfit": Bilingual(
      uk: "Запит зрозумілий, але виконати його не можна.",
      en: "The request was understood, and cannot be done."),
    "problem_internal": Bilingual(
      uk: "Сталася помилка на нашому боці, її записано в журнал.",
      en: "Something went wrong on our side, and it is in the log."),
    "problem_details": Bilingual(uk: "Подробиці", en: "Details"),
    "back": Bilingual(uk: "Назад до сторінки", en: "Back to the page"),
    "home": Bilingual(uk: "На головну", en: "To the first page"),
  ]
}
