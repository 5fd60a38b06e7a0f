# ruff: noqa: RUF001 (words of many languages)
"""Folder names that are nobody's name: dates, cameras' folders, and the words that people call collections by.

`is_date`, `is_camera` and `is_collection` look at one name alone. Where only the names beside it tell (April may be a
month or a woman), `may_be_date` says so and people_names decides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MONTHS = """
january february march april may june july august september october november december jan feb mar apr jun jul aug
sep sept oct nov dec januar februar märz mai juni juli oktober dezember jänner janvier février mars avril juin
juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre
octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre janeiro
fevereiro março maio junho julho setembro outubro novembro dezembro januari februari maart augustus styczeń luty
marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień январь февраль март апрель май
июнь июль август сентябрь октябрь ноябрь декабрь ocak şubat nisan haziran temmuz ağustos eylül ekim kasım aralık
spring summer autumn winter frühling sommer herbst printemps été automne hiver primavera verano otoño invierno
monday tuesday wednesday thursday friday saturday sunday
"""

# What people and programs call folders of photos, albums and parts of data sets, in the larger languages.
_COLLECTIONS = """
photo photos photograph photographs photography picture pictures pic pics image images img imgs jpg jpgs jpeg jpegs
png raw raws heic original originals edited edits export exports exported face faces people persons person portrait
portraits headshots headshot selfie selfies crops cropped aligned resized thumbs data dataset datasets train
training trainset val valid validation test testing tests testset eval probe probes gallery galleries album albums
collection collections all misc miscellaneous other others unsorted sorted new old various temp tmp backup
backups archive archives upload uploads uploaded shared public favorites favourites best selected selection takeout
google-photos lfw celebrities users home homes desktop documents input output family friends
holiday holidays vacation trip trips travel party birthday
wedding christmas easter graduation work school kids team foto fotos fotografie fotografien fotografia fotografias
fotografía fotografías bild bilder gesichter personen leute porträts sonstiges alle neu alt urlaub familie freunde
geburtstag hochzeit weihnachten feier image visages personnes portraits divers tous vacances famille amis
anniversaire mariage imagen imagenes imágenes caras personas retratos varios todos vacaciones familia amigos
cumpleaños boda imagem imagens rostos pessoas férias immagine immagini volti persone vacanze famiglia amici
matrimonio afbeelding afbeeldingen foto's plaatjes vakantie zdjęcie zdjęcia obraz obrazy wakacje rodzina bilder kuva
kuvat billede billeder obrázek obrázky kép képek resim resimler fotoğraf fotoğraflar ảnh hình фото фотки фотография
фотографии снимки картинки изображения лица люди отпуск семья друзья разное φωτογραφία φωτογραφίες εικόνες
写真 画像 寫真
照片 相片 图片 圖片 影像 人物 顔 家族 旅行 사진 이미지 가족 여행 صور صورة תמונות תמונה รูปภาพ รูป चित्र फ़ोटो
"""

_COLLECTION_PHRASES = {
    "google photos",
    "google fotos",
    "new folder",
    "untitled folder",
    "neuer ordner",
    "nouveau dossier",
    "nueva carpeta",
    "nuova cartella",
    "новая папка",
    "新しいフォルダー",
    "新建文件夹",
    "my photos",
    "my pictures",
    "meine bilder",
    "photo library",
    "icloud photos",
    "test set",
    "training set",
    "to sort",
}

_CAMERAS = """
dcim camera cameraroll screenshot screenshots whatsapp telegram signal instagram snapchat facebook messenger
download downloads bluetooth private avchd mp_root dsc dscn dscf mvi vid pxl opencamera burst panorama videos video
movies
"""

_CAMERA_PHRASES = {
    "camera roll",
    "camera uploads",
    "saved pictures",
    "whatsapp images",
    "screen shots",
    "canon eos",
    "kamera",
    "eigene aufnahmen",
    "aufnahmen",
    "appareil photo",
    "камера",
}

_YEAR = r"(?:18|19|20)\d\d"
_MONTH = "(?:" + "|".join(sorted(map(re.escape, _MONTHS.split()), key=len, reverse=True)) + ")"
_SEPARATOR = r"[-._ /]"
_DATES = re.compile(
    rf"{_YEAR}(?:[^\w]|_|[a-z]?$|年|년).*|{_YEAR}"  # 2019, 2019-07-04, 2019 Paris, 2019年7月
    rf"|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?(?:[^\d].*|_.*)?"  # 20190704, 201907__
    rf"|\d{{1,2}}{_SEPARATOR}\d{{1,2}}(?:{_SEPARATOR}(?:\d\d|{_YEAR}))?(?:[^\d].*)?"  # 4.7.2019
    rf"|\d{{1,2}}{_SEPARATOR}{_YEAR}"
    rf"|\d{{1,2}}[\W_]*{_MONTH}(?:[\W_]*{_YEAR})?|{_MONTH}[\W_]*{_YEAR}"  # 07 July, July 2019
    r"|\d{1,2}(?:月|월|日|일)(?:\d{1,2}(?:日|일))?"
)
# JEITA DCF 2.0, 3.2.1: three digits and five characters, 100CANON; and the files that some programs make folders of.
_DCF = re.compile(r"\d{3}(?=\w*[a-z_])[a-z0-9_]{5}|(?:img|dsc|dscn|dscf|pxl|mvi|vid|pict|imag)[_-]?\d+")
_MAY_BE_DATES = re.compile(rf"{_MONTH}|.+[\W_]{_YEAR}")
_DATED = re.compile(rf"(.+?)[\W_]+(?:(?:from|of|aus|von|de)[\W_]+)?{_YEAR}")
_DRIVE = re.compile("[a-z]:")  # zips that hold whole paths of Windows
_NUMBERED = re.compile(r"(.*?)[\W_]*\(?(\d+)\)?")


@lru_cache(maxsize=65536)
def plain(name: str) -> str:
    """A folder's name for comparing: Unicode's compatible composed form in lower case, without outer blanks."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_date(name: str) -> bool:
    """A year, a day, a month with its year or number; also before the name of an event, as `2019-07 Paris`."""
    return bool(_DATES.fullmatch(plain(name)))


def may_be_date(name: str) -> bool:
    """A month's or a season's name, which people are called by as well; and what ends with a year, as `Paris 2019`."""
    return bool(_MAY_BE_DATES.fullmatch(plain(name)))


def is_camera(name: str) -> bool:
    """A folder that cameras, phones and messengers make: DCIM, 100CANON, Camera Roll, WhatsApp Images."""
    text = plain(name)
    return text in _CAMERA_WORDS or text in _CAMERA_PHRASES or bool(_DCF.fullmatch(text))


def is_collection(name: str) -> bool:
    """A word for photos in general, a part of a data set or an occasion, numbered and dated ones too: `photos (1)`."""
    text = plain(name)
    dated, numbered = _DATED.fullmatch(text), numbered_stem(text)
    if _DRIVE.fullmatch(text):
        return True
    stems = {text, None if numbered in _PERSON_WORDS else numbered, dated and dated[1]}
    return bool(stems & _COLLECTION_WORDS or stems & _COLLECTION_PHRASES)


def numbered_stem(name: str) -> str | None:
    """What stands before a final number, `person` of `person_07`, empty for a number alone; None without a number."""
    found = _NUMBERED.fullmatch(plain(name))
    return found[1] if found else None


_CAMERA_WORDS = frozenset(map(plain, _CAMERAS.split()))
_PERSON_WORDS = frozenset(
    {"person", "persons", "people", "face", "faces", "portrait", "personen", "unknown"}
)  # person_07
_COLLECTION_WORDS = frozenset(map(plain, _COLLECTIONS.split()))
