package import Basics

/// Every word that a page says, in both languages; templates name them as `{{t.name}}`.
package enum Texts {
  /// The catalogue; a test finds what the templates say beyond it, and what is said nowhere.
  package static let all: [String: Bilingual] = frame.merging(content) { first, _ in first }
    .merging(subsidies) { first, _ in first }.merging(bank) { first, _ in first }
    .merging(rating) { first, _ in first }.merging(books) { first, _ in first }
    .merging(fleet) { first, _ in first }
    .merging(problems) { first, _ in first }

  /// The catalogue in one language, for templates.
  package static func inLanguage(_ language: Language) -> [String: String] {
    language == .ukrainian ? ukrainian : english
  }

  private static let ukrainian = all.mapValues { $0[.ukrainian] }
  private static let english = all.mapValues { $0[.english] }

  /// What stands around every page.
  private static let frame: [String: Bilingual] = [
    "skip": Bilingual(uk: "До змісту", en: "Skip to content"),
    "navigation": Bilingual(uk: "Розділи", en: "Sections"),
    "language": Bilingual(uk: "Мова", en: "Language"),
    "sign_in": Bilingual(uk: "Увійти", en: "Sign in"),
    "sign_out": Bilingual(uk: "Вийти", en: "Sign out"),
    "tagline": Bilingual(
      uk: "електронний квиток і транспорт міста", en: "e-ticket and fleet of the city"),
    "as_of": Bilingual(uk: "Станом на", en: "As of"),
    "times_of": Bilingual(uk: "Час за поясом", en: "Times are of"),
    "show": Bilingual(uk: "Показати", en: "Show"),
    "date": Bilingual(uk: "День", en: "Day"),
    "none_yet": Bilingual(uk: "Поки нічого", en: "Nothing yet"),
    "next_page": Bilingual(uk: "Наступні", en: "The next ones"),
    "total": Bilingual(uk: "Разом", en: "Total"),
    "login_title": Bilingual(uk: "Вхід", en: "Sign in"),
    "login_token": Bilingual(uk: "Ваш ключ доступу", en: "Your access token"),
    "login_hint": Bilingual(
      uk: "Перший ключ записано у файл admin-token у теці даних, коли її створено.",
      en: "The first token was written to the file admin-token when the data folder was made."),
    "login_failed": Bilingual(
      uk: "Такого ключа немає, або він уже не діє.",
      en: "There is no such token, or it is no longer valid."),
    "role_admin": Bilingual(uk: "адміністратор", en: "admin"),
    "role_accountant": Bilingual(uk: "бухгалтер", en: "accountant"),
    "role_planner": Bilingual(uk: "планувальник", en: "planner"),
    "role_dispatcher": Bilingual(uk: "диспетчер", en: "dispatcher"),
    "role_cashier": Bilingual(uk: "касир", en: "cashier"),
    "role_inspector": Bilingual(uk: "контролер", en: "inspector"),
    "role_rider": Bilingual(uk: "пасажир", en: "rider"),
  ]

  /// What the pages themselves say.
  private static let content: [String: Bilingual] = [
    "overview_title": Bilingual(uk: "Огляд", en: "Overview"),
    "taps_today": Bilingual(uk: "Валідації за день", en: "Taps of the day"),
    "rides_today": Bilingual(uk: "Поїздки за день", en: "Rides of the day"),
    "revenue_today": Bilingual(uk: "Дохід за день", en: "Revenue of the day"),
    "waiting": Bilingual(uk: "Чекають обробки", en: "Waiting to be settled"),
    "waiting_note": Bilingual(
      uk: "валідацій і днів пасажирів", en: "taps and rider-days"),
    "taps_all": Bilingual(uk: "за весь час", en: "of all time"),
    "apart": Bilingual(uk: "Відкладені валідації", en: "Taps set apart"),
    "apart_note": Bilingual(
      uk: "карантин, суперечності, нечитані", en: "quarantine, conflicts, unreadable"),
    "devices_silent": Bilingual(
      uk: "Мовчать понад годину", en: "Silent for over an hour"),
    "listed": Bilingual(uk: "показано", en: "listed"),
    "never": Bilingual(uk: "ніколи", en: "never"),
    "lag": Bilingual(uk: "Затримка", en: "Lag"),
    "lag_note": Bilingual(
      uk: "найстаріше, що чекає", en: "the oldest thing that waits"),
    "gaps": Bilingual(uk: "Пропущені номери", en: "Missing numbers"),
    "gaps_note": Bilingual(
      uk: "валідації, яких валідатори ще не передали", en: "taps that devices have not sent yet"),
    "balance": Bilingual(uk: "Різниця балансу", en: "Trial balance difference"),
    "balance_note": Bilingual(
      uk: "дебет мінус кредит усіх рахунків", en: "debits less credits of all accounts"),
    "unknown_fares": Bilingual(uk: "з невідомою ціною", en: "with unknown fare"),
    "revenue_by_operator": Bilingual(
      uk: "Дохід за перевізниками", en: "Revenue by operator"),
    "operator": Bilingual(uk: "Перевізник", en: "Operator"),
    "operator_unknown": Bilingual(uk: "не визначено", en: "not known"),
    "rides": Bilingual(uk: "Поїздки", en: "Rides"),
    "revenue": Bilingual(uk: "Дохід", en: "Revenue"),
    "trial_balance": Bilingual(uk: "Пробний баланс", en: "Trial balance"),
    "trial_balance_all": Bilingual(
      uk: "усе записане дотепер", en: "all that is booked until now"),
    "account": Bilingual(uk: "Рахунок", en: "Account"),
    "debit": Bilingual(uk: "Дебет", en: "Debit"),
    "credit": Bilingual(uk: "Кредит", en: "Credit"),
    "balance_uneven": Bilingual(
      uk: "Дебет і кредит не збігаються: kvytok ledger verify покаже, де.",
      en: "Debits and credits differ: kvytok ledger verify finds where."),
    "devices_attention": Bilingual(
      uk: "Найбільше пропусків", en: "Most missing numbers"),
    "device": Bilingual(uk: "Валідатор", en: "Validator"),
    "last_heard": Bilingual(uk: "Останній зв’язок", en: "Last heard"),
    "map_title": Bilingual(uk: "Транспорт наживо", en: "Live vehicles"),
    "map_label": Bilingual(
      uk: "Мапа маршрутів і транспорту; ті самі дані — у таблиці нижче",
      en: "Map of routes and vehicles; the table below says the same"),
    "map_missing": Bilingual(
      uk: "Мапи немає: встановіть пакунок libjs-leaflet. Таблиця нижче каже те саме.",
      en: "No map: install the package libjs-leaflet. The table below says the same."),
    "map_no_vehicles": Bilingual(
      uk: "Жодна машина не передавала місця останнім часом.",
      en: "No vehicle has reported its position lately."),
    "vehicle": Bilingual(uk: "Машина", en: "Vehicle"),
    "route": Bilingual(uk: "Маршрут", en: "Route"),
    "seen_at": Bilingual(uk: "Коли бачили", en: "Seen at"),
    "speed": Bilingual(uk: "Швидкість, км/год", en: "Speed, km/h"),
    "place": Bilingual(uk: "Місце", en: "Place"),
    "aboard": Bilingual(uk: "У салоні", en: "Aboard"),
    "load_title": Bilingual(uk: "Наповнення маршруту", en: "Load of a route"),
    "direction": Bilingual(uk: "Напрямок", en: "Direction"),
    "hours": Bilingual(uk: "Години", en: "Hours"),
    "hour_from": Bilingual(uk: "від години", en: "from hour"),
    "hour_to": Bilingual(uk: "до години", en: "to hour"),
    "load_choose": Bilingual(
      uk: "Виберіть маршрут і день.", en: "Choose a route and a day."),
    "load_no_network": Bilingual(
      uk: "Мережу ще не завантажено: kvytok network import FEED.zip",
      en: "No network is loaded yet: kvytok network import FEED.zip"),
    "load_chart_label": Bilingual(
      uk: "Діаграма посадок, висадок і наповнення за зупинками; ті самі числа — в таблиці",
      en: "Chart of boardings, alightings and load by stop; the table has the same numbers"),
    "stop_order": Bilingual(uk: "№", en: "No."),
    "stop": Bilingual(uk: "Зупинка", en: "Stop"),
    "boardings": Bilingual(uk: "Посадки", en: "Boardings"),
    "alightings": Bilingual(uk: "Висадки", en: "Alightings"),
    "load": Bilingual(uk: "Наповнення", en: "Load"),
    "load_placed": Bilingual(uk: "З відомою зупинкою", en: "With a known stop"),
    "load_unplaced": Bilingual(
      uk: "Без зупинки (не в таблиці)", en: "Without a stop (not in the table)"),
    "load_none": Bilingual(
      uk: "У мережі немає такого маршруту в цьому напрямку.",
      en: "The network has no such route in this direction."),
    "load_off_line": Bilingual(
      uk: "На зупинці поза маршрутом (не в таблиці)",
      en: "At a stop off the line (not in the table)"),
    "load_no_direction": Bilingual(
      uk: "З них без відомого напрямку (в обох)", en: "Of them of no known direction (in both)"),
    "load_no_route": Bilingual(
      uk: "Без відомого маршруту (усі маршрути)", en: "Of no known route (all routes)"),
    "load_set_aside": Bilingual(
      uk: "Валідацій відкладено (усі маршрути)", en: "Taps set aside (all routes)"),
    "load_ambiguous": Bilingual(
      uk: "Так називаються кілька маршрутів: виберіть один зі списку.",
      en: "Several routes are called so: choose one of the list."),
    "load_network": Bilingual(uk: "За мережею", en: "By the network"),
    "load_other_networks": Bilingual(
      uk: "Днів транспорту за іншою мережею", en: "Vehicles' days placed by another network"),
    "load_waiting": Bilingual(
      uk: "Днів ще обчислюється", en: "Days still worked out"),
    "load_unsorted": Bilingual(
      uk: "Валідацій ще не розібрано (усі маршрути)", en: "Taps not sorted yet (all routes)"),
    "load_quarantined": Bilingual(
      uk: "Валідацій у карантині (усі маршрути)", en: "Taps in quarantine (all routes)"),
    "load_numbers": Bilingual(
      uk: "Номерів валідацій бракує (усі дні)", en: "Tap numbers missing (all days)"),
    "load_rounded": Bilingual(
      uk: "Малі групи приховано, решту чисел округлено до кратних",
      en: "Small groups are hidden, and the other numbers rounded to multiples of"),
    "load_off_unknown": Bilingual(
      uk: "З невідомою висадкою (не в наповненні)",
      en: "Alighting not known (not in the load)"),
    "load_pairs_csv": Bilingual(
      uk: "Звідки й куди їхали (CSV)", en: "From which stop to which (CSV)"),
    "load_stops_csv": Bilingual(
      uk: "Посадки й висадки за годинами (CSV)", en: "Boardings and alightings by hour (CSV)"),
    "report_title": Bilingual(uk: "Звіти", en: "Reports"),
    "report": Bilingual(uk: "Звіт", en: "Report"),
    "to_date": Bilingual(uk: "до", en: "to"),
    "report_xlsx": Bilingual(uk: "Завантажити книгу Excel", en: "Download the workbook"),
    "report_json": Bilingual(uk: "Завантажити JSON", en: "Download JSON"),
    "report_one_day": Bilingual(
      uk:
        "Лише за перший день: обраний останній день раніший за нього, або звіт складають за один день.",
      en:
        "Of the first day alone: the last day that was chosen lies before it, or the report is of one day."
    ),
    "report_periods": Bilingual(uk: "За книгами, за місяцями", en: "By the books, by month"),
    "period_open": Bilingual(uk: "відкрито", en: "open"),
    "period_closing": Bilingual(uk: "закривається", en: "closing"),
    "period_closed": Bilingual(uk: "закрито", en: "closed"),
    "report_csv": Bilingual(uk: "Завантажити CSV", en: "Download CSV"),
    "product": Bilingual(uk: "Квиток", en: "Product"),
    "report_notes": Bilingual(uk: "До відома", en: "Good to know"),
    "still_missing": Bilingual(uk: "Чого ще бракує", en: "What is still missing"),
    "still_missing_none": Bilingual(
      uk: "Нічого: усе, що надійшло, пораховано, пропусків немає.",
      en: "Nothing: everything received is counted, and no gap is open."),
    "rider_title": Bilingual(uk: "Поїздки пасажира", en: "Rides of a rider"),
    "rider_id": Bilingual(uk: "Номер пасажира (UUID)", en: "Rider id (UUID)"),
    "rider_or_medium": Bilingual(uk: "або носій", en: "or what was tapped"),
    "medium": Bilingual(uk: "Носій", en: "Medium"),
    "medium_card": Bilingual(uk: "картка", en: "card"),
    "medium_bank": Bilingual(uk: "банківська", en: "bank card"),
    "medium_phone": Bilingual(uk: "телефон", en: "phone"),
    "medium_qr": Bilingual(uk: "QR-код", en: "QR code"),
    "token": Bilingual(uk: "Код носія", en: "Token of the medium"),
    "rider_choose": Bilingual(
      uk: "Вкажіть пасажира або код носія.", en: "Name a rider, or the token of a medium."),
    "rider_not_found": Bilingual(
      uk:
        "Такого пасажира немає: нічого з цим номером чи кодом не прикладали. Перевірте, чи його записано без помилки.",
      en:
        "There is no such rider: nothing of this number or token was ever tapped. Look whether it is written as it has to be."
    ),
    "rider_no_rides": Bilingual(
      uk: "Поїздок за цей день немає.", en: "No rides on this day."),
    "boarded_at": Bilingual(uk: "Початок", en: "Boarded"),
    "from_stop": Bilingual(uk: "Звідки", en: "From"),
    "to_stop": Bilingual(uk: "Куди", en: "To"),
    "price": Bilingual(uk: "Ціна", en: "Fare"),
    "why": Bilingual(uk: "Чому така ціна", en: "Why this fare"),
    "taps_without_ride": Bilingual(
      uk: "Виходи, що не закінчили поїздки", en: "Taps off that ended no ride"),
    "tapped_off_at": Bilingual(uk: "Вихід", en: "Tapped off"),
    "why_no_ride": Bilingual(uk: "Чому поїздки немає", en: "Why there is no ride"),
    "charges": Bilingual(
      uk: "Списання з банківської картки чи телефону", en: "Charges of the bank card or phone"),
    "charge_state": Bilingual(uk: "Що з ним сталося", en: "What became of it"),
    "price_unknown": Bilingual(uk: "невідома", en: "not known"),
  ]

  /// What the page of concessions says.
  private static let subsidies: [String: Bilingual] = [
    "subsidy_title": Bilingual(uk: "Пільги: заявки до міста", en: "Concessions: claims"),
    "from_date": Bilingual(uk: "Від", en: "From"),
    "currency": Bilingual(uk: "Валюта", en: "Currency"),
    "category": Bilingual(uk: "Категорія", en: "Category"),
    "amount": Bilingual(uk: "Сума", en: "Amount"),
    "people_count": Bilingual(uk: "Осіб", en: "People"),
    "tap": Bilingual(uk: "Валідація", en: "Tap"),
    "claim": Bilingual(uk: "Заявка", en: "Claim"),
    "claims": Bilingual(uk: "Заявки", en: "Claims"),
    "claim_days": Bilingual(uk: "Дні поїздок", en: "Fare days"),
    "claim_state": Bilingual(uk: "Стан", en: "State"),
    "claim_proposed": Bilingual(uk: "Подано", en: "Proposed by"),
    "claim_decided": Bilingual(uk: "Вирішено", en: "Decided by"),
    "claim_proposed_by": Bilingual(uk: "подано:", en: "proposed by"),
    "claim_decided_by": Bilingual(uk: "вирішено:", en: "decided by"),
    "claim_propose": Bilingual(uk: "Подати заявку", en: "Propose the claim"),
    "claim_hint": Bilingual(
      uk: "Одна особа подає, інша вирішує; кожна вводить власний ключ доступу.",
      en: "One person proposes and another decides; each enters their own access token."),
    "claim_second_token": Bilingual(
      uk: "Ключ доступу другої особи", en: "Access token of the second person"),
    "claim_approve": Bilingual(uk: "Погодити", en: "Approve"),
    "claim_refuse": Bilingual(uk: "Відхилити", en: "Refuse"),
    "claim_mark_paid": Bilingual(uk: "Місто сплатило", en: "The city has paid"),
    "claim_mark_given_back": Bilingual(
      uk: "Місту повернуто", en: "Given back to the city"),
    "claim_awaiting": Bilingual(uk: "чекає на другу особу", en: "waits for a second person"),
    "claim_refused": Bilingual(uk: "відхилено", en: "refused"),
    "claim_approved": Bilingual(uk: "погоджено", en: "approved"),
    "claim_paid": Bilingual(uk: "сплачено", en: "paid"),
    "evidence": Bilingual(uk: "Докази", en: "Evidence"),
    "evidence_csv": Bilingual(uk: "Усі поїздки (CSV)", en: "All rides (CSV)"),
    "evidence_first": Bilingual(
      uk: "Усі є у файлах CSV вище; тут показано перші",
      en: "All are in the CSV files above; shown here are the first"),
  ]
}
