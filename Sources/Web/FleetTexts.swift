import Basics

extension Texts {
  /// What the page of the validators says.
  static let fleet: [String: Bilingual] = fleetTables.merging(fleetTaps) { first, _ in first }

  private static let fleetTables: [String: Bilingual] = [
    "fleet_title": Bilingual(uk: "Валідатори", en: "Validators"),
    "fleet_rows": Bilingual(uk: "Рядків на сторінці:", en: "Rows on the page:"),
    "fleet_silent": Bilingual(
      uk: "Мовчать понад 15 хвилин, хоча машина їде",
      en: "Silent for over 15 minutes though their vehicle moves"),
    "fleet_silent_none": Bilingual(
      uk: "Немає: кожен валідатор машини, що їде, на зв’язку.",
      en: "None: every validator in a vehicle that moves is heard of."),
    "fleet_cut_silent": Bilingual(
      uk: "Показано ті, що мовчать найдовше; усі — за адресою",
      en: "Shown are those silent longest; all are at"),
    "fleet_moved_since": Bilingual(uk: "Машина їде з", en: "Vehicle moves since"),
    "fleet_moved": Bilingual(uk: "Проїхала, м", en: "It went, m"),
    "fleet_replaced": Bilingual(
      uk: "нове обладнання ще не виходило на зв’язок", en: "new hardware, not heard of yet"),
    "fleet_gaps": Bilingual(uk: "Пропуски в номерах", en: "Gaps in the numbers"),
    "fleet_gaps_none": Bilingual(
      uk: "Немає: усі номери надійшли.", en: "None: all numbers have come."),
    "fleet_cut_gaps": Bilingual(
      uk: "Показано найдавніші; усі — за адресою", en: "Shown are the oldest; all are at"),
    "fleet_epoch": Bilingual(uk: "Епоха", en: "Epoch"),
    "fleet_numbers": Bilingual(uk: "Номери", en: "Numbers"),
    "fleet_missing": Bilingual(uk: "Бракує валідацій", en: "Taps missing"),
    "fleet_known_since": Bilingual(uk: "Відомо з", en: "Known since"),
    "fleet_age": Bilingual(uk: "Вік", en: "Age"),
    "fleet_conflicts": Bilingual(
      uk: "Суперечності: один номер, різний вміст", en: "Conflicts: one number, two contents"),
    "fleet_conflicts_none": Bilingual(
      uk: "Немає: жоден номер не надійшов із різним вмістом.",
      en: "None: no number came with two contents."),
    "fleet_cut_conflicts": Bilingual(
      uk: "Показано найновіші; решта — за адресою", en: "Shown are the newest; more are at"),
    "fleet_number": Bilingual(uk: "Епоха / номер", en: "Epoch / number"),
    "fleet_kept": Bilingual(uk: "Чинний вміст", en: "What is kept"),
    "fleet_other": Bilingual(uk: "Інший вміст", en: "The other content"),
    "fleet_differing": Bilingual(uk: "Чим різняться", en: "In what they differ"),
    "fleet_unreadable": Bilingual(
      uk: "Пакета прочитати не можна.", en: "Its batch cannot be read."),
    "fleet_all": Bilingual(uk: "Усі валідатори", en: "All validators"),
    "fleet_all_none": Bilingual(uk: "Такого валідатора немає.", en: "There is no such validator."),
    "fleet_cut_all": Bilingual(
      uk: "Показано перші за назвою; решту знайде пошук, усі — за адресою",
      en: "Shown are the first by id; the search finds the others, and all are at"),
    "fleet_search": Bilingual(
      uk: "Валідатор, машина або номер зупинки", en: "Validator, vehicle or stop id"),
    "fleet_find": Bilingual(uk: "Знайти", en: "Find"),
    "fleet_state_enrolled": Bilingual(uk: "очікує ключа", en: "waits for its key"),
    "fleet_state_active": Bilingual(uk: "працює", en: "active"),
    "fleet_state_suspended": Bilingual(uk: "зупинено", en: "suspended"),
    "fleet_state_revoked": Bilingual(uk: "відкликано", en: "revoked"),
    "fleet_nowhere": Bilingual(uk: "без місця", en: "nowhere"),
    "fleet_silent_mark": Bilingual(uk: "мовчить", en: "silent"),
    "fleet_silent_hour": Bilingual(uk: "мовчить понад годину", en: "silent for over an hour"),
    "fleet_software": Bilingual(uk: "Програма", en: "Software"),
    "fleet_configuration": Bilingual(uk: "Налаштування", en: "Configuration"),
    "fleet_tariff": Bilingual(uk: "Тариф", en: "Tariff"),
    "fleet_deny_list": Bilingual(uk: "Стоп-лист", en: "Deny list"),
    "fleet_list_unknown": Bilingual(uk: "невідомий", en: "not known"),
    "fleet_reached": Bilingual(uk: "мають із чинних:", en: "held, of those active:"),
    "fleet_current": Bilingual(uk: "чинний", en: "current"),
    "fleet_behind": Bilingual(uk: "застарів", en: "behind"),
    "fleet_no_list": Bilingual(uk: "ще не має", en: "has none yet"),
    "fleet_battery": Bilingual(uk: "Батарея", en: "Battery"),
    "fleet_battery_low": Bilingual(uk: "сідає", en: "low"),
    "fleet_space": Bilingual(uk: "Вільно", en: "Free space"),
    "fleet_space_low": Bilingual(uk: "замало", en: "little"),
    "fleet_mebibytes": Bilingual(uk: "МіБ", en: "MiB"),
    "fleet_clock": Bilingual(uk: "Годинник попереду, с", en: "Clock ahead, s"),
    "fleet_clock_told": Bilingual(uk: "за його словами", en: "by its own word"),
    "fleet_clock_ahead": Bilingual(uk: "поспішає", en: "ahead"),
    "fleet_clock_behind": Bilingual(uk: "відстає", en: "behind"),
  ]

  private static let fleetTaps: [String: Bilingual] = [
    "fleet_quarantine": Bilingual(uk: "Карантин: неможливі валідації", en: "Impossible taps"),
    "fleet_quarantine_none": Bilingual(
      uk: "Порожньо: жодна валідація не чекає на рішення.",
      en: "Empty: no tap waits for a decision."),
    "fleet_cut_quarantine": Bilingual(
      uk: "Показано перші за валідатором і номером; решту видно, коли їх вирішено; усі — за "
        + "адресою",
      en: "Shown are the first by validator and number, and the others once these are decided; all "
        + "are at"),
    "fleet_tap": Bilingual(uk: "Валідація в карантині", en: "Tap in quarantine"),
    "fleet_raw": Bilingual(uk: "Час валідатора", en: "Time of the device"),
    "fleet_corrected": Bilingual(uk: "Виправлений час", en: "Corrected time"),
    "fleet_why": Bilingual(uk: "Чому неможлива", en: "Why it is impossible"),
    "fleet_received": Bilingual(uk: "Надійшла", en: "Received"),
    "fleet_reason": Bilingual(uk: "Підстава", en: "Reason"),
    "fleet_said_at": Bilingual(uk: "Вказаний час", en: "Time as a person said"),
    "fleet_said_riders": Bilingual(uk: "Вказано пасажирів", en: "Riders as a person said"),
    "fleet_sorted": Bilingual(uk: "Дійшла до пасажира", en: "Reached its rider"),
    "fleet_at": Bilingual(uk: "Коли справді була", en: "When it really was"),
    "fleet_riders": Bilingual(uk: "Скільки їхало", en: "How many rode"),
    "fleet_release": Bilingual(uk: "Пропустити", en: "Release"),
    "fleet_discard": Bilingual(uk: "Відхилити", en: "Discard"),
    "fleet_hint": Bilingual(
      uk: "Пропущена валідація тарифікується, як пізня; час — за годинником міста, і потрібен він "
        + "лише тоді, коли неможливий час валідатора. Вирішити двічі не можна.",
      en: "A tap that is released is rated like one that came late. The time is by the clocks of "
        + "the city, and needed only where the device's own is impossible. Nothing is decided "
        + "twice."),
    "fleet_held_held": Bilingual(uk: "чекає на рішення", en: "waits for a decision"),
    "fleet_held_released": Bilingual(uk: "пропущено", en: "released"),
    "fleet_held_discarded": Bilingual(uk: "відхилено", en: "discarded"),
    "fleet_code_tap_in_future": Bilingual(uk: "час у майбутньому", en: "in the future"),
    "fleet_code_tap_too_old": Bilingual(uk: "занадто давній час", en: "too long ago"),
    "fleet_code_riders_out_of_range": Bilingual(
      uk: "неможлива кількість пасажирів", en: "an impossible number of riders"),
    "fleet_code_direction_out_of_range": Bilingual(
      uk: "неможливий напрямок", en: "an impossible direction"),
    "fleet_code_coordinate_impossible": Bilingual(
      uk: "неможливе місце", en: "an impossible place"),
    "fleet_tap_at": Bilingual(uk: "час", en: "time"),
    "fleet_tap_kind": Bilingual(uk: "вид", en: "kind"),
    "fleet_tap_medium": Bilingual(uk: "носій", en: "medium"),
    "fleet_tap_medium_id": Bilingual(uk: "номер носія", en: "id of the medium"),
    "fleet_tap_riders": Bilingual(uk: "пасажирів", en: "riders"),
    "fleet_tap_result": Bilingual(uk: "відповідь", en: "result"),
    "fleet_tap_deny_reason": Bilingual(uk: "причина відмови", en: "reason of the denial"),
    "fleet_tap_vehicle": Bilingual(uk: "машина", en: "vehicle"),
    "fleet_tap_route": Bilingual(uk: "маршрут", en: "route"),
    "fleet_tap_direction": Bilingual(uk: "напрямок", en: "direction"),
    "fleet_tap_trip": Bilingual(uk: "рейс", en: "trip"),
    "fleet_tap_stop": Bilingual(uk: "зупинка", en: "stop"),
    "fleet_tap_zone": Bilingual(uk: "зона", en: "zone"),
    "fleet_tap_lat": Bilingual(uk: "широта", en: "latitude"),
    "fleet_tap_lon": Bilingual(uk: "довгота", en: "longitude"),
    "fleet_kind_on": Bilingual(uk: "посадка", en: "tap on"),
    "fleet_kind_off": Bilingual(uk: "висадка", en: "tap off"),
    "fleet_kind_single": Bilingual(uk: "посадка без виходу", en: "tap without a tap off"),
    "fleet_result_accepted": Bilingual(uk: "прийнято", en: "accepted"),
    "fleet_result_denied": Bilingual(uk: "відмовлено", en: "denied"),
  ]
}
